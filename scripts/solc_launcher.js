#!/usr/bin/env node
// Speaks the part of the native `solc` command line that py-solc-x and ape-solidity use, `--version` and
// `--standard-json` on stdin, over the wasm compiler of the npm package `solc`.
"use strict";
const fs = require("fs");
const path = require("path");

const USAGE = "usage: solc --version | solc --standard-json < input.json";
// Taken and passed over: ape puts every source, imports too, inside the standard JSON.
const PATH_OPTIONS = ["--base-path", "--allow-paths"];

function loadCompiler() {
  const installed = path.join(__dirname, "soljson.cjs");
  const compiler = require(fs.existsSync(installed) ? installed : "solc/soljson.js");
  // Emscripten's handlers would answer a crash with the source of the whole module.
  process.removeAllListeners("uncaughtException");
  process.removeAllListeners("unhandledRejection");
  return compiler;
}

// Through the compiler's allocator: `ccall` copies over the wasm stack, which overflows above ~1 MB.
function copyIn(compiler, text) {
  const size = compiler.lengthBytesUTF8(text) + 1;
  const pointer = compiler._solidity_alloc(size);
  compiler.stringToUTF8(text, pointer, size);
  return pointer;
}

function compile(compiler, input) {
  return compiler.UTF8ToString(compiler._solidity_compile(copyIn(compiler, input), 0, 0));
}

function parse(argv) {
  const wanted = { version: false, standardJson: false };
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === "--version") wanted.version = true;
    else if (argv[i] === "--standard-json") wanted.standardJson = true;
    else if (PATH_OPTIONS.includes(argv[i])) i++;
    else if (argv[i] !== "-") throw new Error(`unrecognised option '${argv[i]}'`);
  }
  return wanted;
}

function main(argv) {
  const wanted = parse(argv);
  if (!wanted.version && !wanted.standardJson) throw new Error(USAGE);
  const compiler = loadCompiler();
  if (wanted.standardJson) return compile(compiler, fs.readFileSync(0, "utf8"));
  const version = compiler.UTF8ToString(compiler._solidity_version());
  return `solc, the solidity compiler commandline interface\nVersion: ${version}`;
}

// exitCode, not exit(): a pipe takes 64 kB at a time and node drains it only when it ends by itself.
try {
  process.stdout.write(main(process.argv.slice(2)) + "\n");
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

"""Short files, short functions, narrow contracts."""

from rules.lengths import long_files, long_functions, wide_contracts
from rules.report import ROOT, assert_clean, committed_files


def test_files__of_the_project__are_short():
    assert_clean("File lengths", long_files(ROOT, committed_files()))


def test_functions__of_the_project__are_short():
    assert_clean("Function lengths", long_functions(ROOT, committed_files()))


def test_contracts__of_the_project__are_narrow():
    assert_clean("Functions in a contract", wide_contracts(ROOT, committed_files()))


def write(folder, path, text):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)
    return path


def test_files__one_line_over_the_limit__are_found(tmp_path):
    lengths = {
        "keel/a.py": 300,
        "keel/b.py": 301,
        "contracts/C.sol": 301,
        "tests/d.py": 400,
        "tests/e.py": 401,
    }
    for path, lines in lengths.items():
        write(tmp_path, path, "\n" * lines)
    write(tmp_path, "README.md", "\n" * 999)
    found = long_files(tmp_path, [*lengths, "README.md"])
    assert [problem.where for problem in found] == ["keel/b.py", "contracts/C.sol", "tests/e.py"]


def test_functions__in_python_over_the_limit__are_found(tmp_path):
    fits = "def fits():\n" + "    x = 1\n" * 39
    late = "class A:\n    async def late(self):\n" + "        x = 1\n" * 40
    (problem,) = long_functions(tmp_path, [write(tmp_path, "a.py", f"{fits}\n\n{late}")])
    assert problem == ("a.py: late", "41 lines, 40 allowed")


def test_functions__in_solidity_over_the_limit__are_found_without_comments(tmp_path):
    commented = "function a() {\n" + "// }\n" * 50 + "x;\n" * 38 + "}\n"
    long = 'function b() {\nstring memory s = "}";\n' + "if (x) { y; }\n" * 38 + "}\n"
    builder = "constructor() {\n" + "x;\n" * 39 + "}\n"
    path = write(tmp_path, "A.sol", f"contract A {{\n{commented}{long}{builder}}}\n")
    found = [problem.where for problem in long_functions(tmp_path, [path])]
    assert found == ["A.sol: b", "A.sol: constructor"]


def test_contracts__with_too_many_functions__are_found(tmp_path):
    functions = "".join(f"function f{i}() external;\n" for i in range(21))
    text = f"interface I {{\n{functions}}}\ncontract A {{\n// function g() {{}}\n{functions}}}\n"
    (problem,) = wide_contracts(tmp_path, [write(tmp_path, "A.sol", text)])
    assert problem == ("A.sol: A", "21 functions, 20 allowed")

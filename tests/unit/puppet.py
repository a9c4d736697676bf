"""A contract that answers every call as it was told, where a test wants any state of a core or a hub."""

from collections.abc import Sequence

from eth_utils.crypto import keccak

from keel.evm.revm import RevmChain

_OPCODES = {
    "STOP": 0x00,
    "ADD": 0x01,
    "SUB": 0x03,
    "LT": 0x10,
    "EQ": 0x14,
    "ISZERO": 0x15,
    "SHL": 0x1B,
    "SHR": 0x1C,
    "CALLDATALOAD": 0x35,
    "CALLDATASIZE": 0x36,
    "MSTORE": 0x52,
    "SLOAD": 0x54,
    "SSTORE": 0x55,
    "JUMP": 0x56,
    "JUMPI": 0x57,
    "PUSH0": 0x5F,
    **{f"DUP{n}": 0x7F + n for n in range(1, 6)},
    "RETURN": 0xF3,
}
_TELL = "ffffffff"
# The words told for a selector are kept from slot `selector * 256 + 1` on, their number at `selector`.
_PROGRAM = f"""
    PUSH0 CALLDATALOAD #e0 SHR
    DUP1 #{_TELL} EQ @tell JUMPI
    DUP1 SLOAD PUSH0
:say
    DUP2 DUP2 LT ISZERO @said JUMPI
    DUP3 #08 SHL DUP2 ADD #01 ADD SLOAD
    DUP2 #05 SHL MSTORE
    #01 ADD @say JUMP
:said
    #05 SHL PUSH0 RETURN
:tell
    #04 CALLDATALOAD #24 CALLDATASIZE SUB #05 SHR
    DUP1 DUP3 SSTORE PUSH0
:store
    DUP2 DUP2 LT ISZERO @told JUMPI
    DUP1 #05 SHL #24 ADD CALLDATALOAD
    DUP2 DUP5 #08 SHL ADD #01 ADD SSTORE
    #01 ADD @store JUMP
:told
    STOP
"""


class Puppet:
    """Answers nothing until told.

    Attributes:
        address: Where it is.
    """

    def __init__(self, chain: RevmChain) -> None:
        self._chain = chain
        code = _assemble(_PROGRAM.split())
        size = len(code).to_bytes(2)
        self.address = chain.create(
            b"\x61" + size + b"\x60\x0c\x5f\x39\x61" + size + b"\x5f\xf3" + code, chain.accounts[0]
        )

    def tell(self, signature: str, *words: int) -> None:
        """Answer calls of a function with these words from now on; negative ones in two's complement."""
        told = (int.from_bytes(keccak(text=signature)[:4]), *words)
        data = bytes.fromhex(_TELL) + b"".join((word % 2**256).to_bytes(32) for word in told)
        self._chain.send_raw(self.address, data, self._chain.accounts[0])


def _assemble(program: Sequence[str]) -> bytes:
    places: dict[str, int] = {}
    for final in (False, True):
        code = b""
        for word in program:
            if word[0] == ":":
                places[word[1:]] = len(code)
                code += b"\x5b"
            elif word[0] == "@":
                code += b"\x60" + bytes([places[word[1:]] if final else 0])
            elif word[0] == "#":
                code += bytes([0x5F + len(word) // 2]) + bytes.fromhex(word[1:])
            else:
                code += bytes([_OPCODES[word]])
    return code

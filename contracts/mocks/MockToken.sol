// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "solady/src/tokens/ERC20.sol";

/// @title Settlement token of local chains and testnets: anyone mints
/// @notice ERC-20 with EIP-2612 permits and decimals of choice.
/// @custom:halt nothing to halt: it has no value.
contract MockToken is ERC20 {
    uint8 private immutable DECIMALS;

    /// @param decimals_ decimals to report.
    constructor(uint8 decimals_) {
        DECIMALS = decimals_;
    }

    /// @notice Make tokens, token units.
    function mint(address to, uint256 tokens) external {
        _mint(to, tokens);
    }

    /// @notice Token name.
    function name() public pure override returns (string memory) {
        return "Keel Test Dollar";
    }

    /// @notice Token symbol.
    function symbol() public pure override returns (string memory) {
        return "tUSD";
    }

    /// @notice Token decimals.
    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }
}

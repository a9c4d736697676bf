// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Token whose transfers return nothing, as some old mainnet tokens do
/// @notice Keel takes it: a transfer counts when it does not revert and the balance shows it.
/// @custom:halt nothing to halt: a test double.
contract MockSilentToken {
    /// @notice Decimals.
    uint8 public constant decimals = 6;
    /// @notice Balances, token units.
    mapping(address owner => uint256) public balanceOf;
    /// @notice Allowances, token units.
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    /// @notice Make tokens.
    function mint(address to, uint256 tokens) external {
        balanceOf[to] += tokens;
    }

    /// @notice Allow `spender`.
    function approve(address spender, uint256 tokens) external {
        allowance[msg.sender][spender] = tokens;
    }

    /// @notice Move the caller's tokens.
    function transfer(address to, uint256 tokens) external {
        balanceOf[msg.sender] -= tokens;
        balanceOf[to] += tokens;
    }

    /// @notice Move allowed tokens.
    function transferFrom(address from, address to, uint256 tokens) external {
        allowance[from][msg.sender] -= tokens;
        balanceOf[from] -= tokens;
        balanceOf[to] += tokens;
    }
}

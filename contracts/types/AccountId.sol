// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev An account: owner address in the high 160 bits, sub-account number in the low 96 bits.
type AccountId is uint256;

using AccountIdLib for AccountId global;

/// @title Account identifiers
/// @notice Ids need no registration: every address owns 2^96 accounts, and an account exists once it holds something.
library AccountIdLib {
    /// @notice The account of `owner_` with number `sub`.
    function from(address owner_, uint96 sub) internal pure returns (AccountId) {
        return AccountId.wrap((uint256(uint160(owner_)) << 96) | sub);
    }

    /// @notice The address that controls the account.
    function owner(AccountId id) internal pure returns (address) {
        return address(uint160(AccountId.unwrap(id) >> 96));
    }
}

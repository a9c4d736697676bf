// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Price} from "../types/Market.sol";

/// @title Whoever stores what an oracle hub answers: the core for its markets, the collateral contract for its kinds
/// @notice One price per id, as last taken.
interface IPriceKeeper {
    /// @notice The stored price.
    /// @param id market of the core, or kind of collateral.
    function priceOf(uint16 id) external view returns (Price memory);
}

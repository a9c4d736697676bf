// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IInterestSource} from "../../interfaces/IInterestSource.sol";

/// @title Yield of a lending vault, realised over a window
/// @notice Growth of an ERC-4626 vault's share price since the last update, as a simple rate per year. Anyone updates, at
/// most once per window, so a spike inside one block is averaged over a window at least, and a donation is clamped.
/// @custom:halt nothing to halt: a model keeps its last sample and clamps it.
contract LendingYield is IInterestSource {
    /// @notice The window has not passed.
    /// @param next first time at which an update is taken, seconds.
    error TooEarly(uint256 next);
    /// @notice The vault says that a share is worth nothing or more than 2^128 units, or window or bound are out of range.
    /// @param sharePrice asset units of a million whole shares; 0: the window or the bound.
    error VaultUnsupported(uint256 sharePrice);

    /// @notice A new rate.
    /// @param annualRate WAD per year.
    /// @param sharePrice assets of a million whole shares now, asset units.
    event YieldUpdated(int256 annualRate, uint256 sharePrice);

    uint256 private constant YEAR = 365 days;
    /// @dev Shares priced at once, so that the growth of a day shows in the vault's units.
    uint256 private constant MILLION = 1e6;

    /// @notice The vault.
    IERC4626 public immutable VAULT;
    /// @notice Shortest time between updates, seconds.
    uint256 public immutable WINDOW;
    /// @notice Largest rate shown, either sign, WAD per year.
    int256 public immutable MOST;

    /// @inheritdoc IInterestSource
    int256 public annualRate;
    /// @notice Assets of a million whole shares at the last update, asset units.
    uint256 public sharePrice;
    /// @notice Time of the last update, seconds.
    uint256 public updatedAt;

    /// @param vault the vault. @param window seconds, one hour to 30 days. @param most WAD per year, above 0, at most 100 %.
    constructor(IERC4626 vault, uint256 window, uint256 most) {
        if (window < 1 hours || window > 30 days || most == 0 || most > 1e18) revert VaultUnsupported(0);
        VAULT = vault;
        WINDOW = window;
        MOST = int256(most);
        sharePrice = _read();
        updatedAt = block.timestamp;
    }

    /// @notice Take the growth since the last update as the new rate. Anyone, once per window.
    function update() external {
        uint256 elapsed = block.timestamp - updatedAt;
        if (elapsed < WINDOW) revert TooEarly(updatedAt + WINDOW);
        uint256 price = _read();
        int256 growth = int256(price) - int256(sharePrice);
        int256 rate = (growth * int256(1e18 * YEAR)) / int256(sharePrice * elapsed);
        annualRate =
            rate > MOST
                ? MOST
                : rate < -MOST
                    ? -MOST
                    : rate;
        (sharePrice, updatedAt) = (price, block.timestamp);
        emit YieldUpdated(annualRate, price);
    }

    function _read() private view returns (uint256 price) {
        price = VAULT.convertToAssets(MILLION * 10 ** VAULT.decimals());
        if (price == 0 || price > type(uint128).max) revert VaultUnsupported(price);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPriceSource} from "../interfaces/IPriceSource.sol";

/// @title Price source that fails in every way a contract can
/// @notice A healthy one answers what it was last told; a hostile one reverts, burns its gas, or answers with too many or too
/// few bytes. For tests of who reads it.
/// @custom:halt nothing to halt: a test double.
contract MockSource is IPriceSource {
    /// @dev How the next reads fail.
    enum Fault {
        None,
        Revert,
        RevertBomb,
        ReturnBomb,
        Burn,
        Empty,
        Short
    }

    /// @notice The source was told to fail.
    error SourceDown();

    /// @inheritdoc IPriceSource
    uint256 public constant heartbeat = 1 days;
    uint256 private price;
    uint256 private spread;
    Fault private fault;

    /// @notice Answer this from now on.
    /// @param price_ WAD quote per base.
    function set(uint256 price_) external {
        price = price_;
    }

    /// @notice Answer this confidence from now on.
    /// @param spread_ WAD quote per base.
    function setSpread(uint256 spread_) external {
        spread = spread_;
    }

    /// @notice Fail in this way from now on.
    /// @param fault_ 0 = answer again.
    function fail(Fault fault_) external {
        fault = fault_;
    }

    /// @inheritdoc IPriceSource
    function latest() external view returns (uint256, uint256, uint256) {
        Fault way = fault;
        if (way == Fault.Revert) revert SourceDown();
        if (way == Fault.Burn) while (true) {}
        (uint256 answer, uint256 width) = (price, spread);
        assembly {
            mstore(0x80, answer)
            mstore(0xa0, width)
            mstore(0xc0, timestamp())
            // 200,000 bytes of memory cost 95,000 gas. What is reverted with begins as an answer does.
            if eq(way, 2) {
                revert(0x80, 200000)
            }
            if eq(way, 3) {
                return(0x80, 200000)
            }
            if eq(way, 5) {
                return(0, 0)
            }
            if eq(way, 6) {
                return(0x80, 0x20)
            }
            return(0x80, 0x60)
        }
    }
}

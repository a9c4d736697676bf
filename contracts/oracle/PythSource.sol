// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {PythStructs} from "@pythnetwork/pyth-sdk-solidity/PythStructs.sol";
import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {Fixed} from "../libraries/Fixed.sol";

/// @title Price source over a Pyth feed
/// @notice Reads what was last pushed; who pushes, pays (see PythUpdater). Unusable when there is none, when it is not
/// positive, older than the heartbeat or ahead of the chain's clock, when the publishers disagree, or when the exponent is
/// absurd. Whoever pushes chooses among all updates of the last `heartbeat` seconds that are newer than the stored one: keep
/// the heartbeat short, and let no market rest on a Pyth source alone.
/// @dev Not `getPriceNoOlderThan`: it takes the distance to now without its sign, so a price from the future passes.
/// @custom:halt nothing to halt: read-only.
contract PythSource is IPriceSource {
    /// @notice A parameter lies outside its bounds.
    error SourceOutOfBounds(bytes32 name, uint256 given, uint256 low, uint256 high);

    uint256 internal constant MAX_HEARTBEAT = 60 seconds;
    /// @dev Publishers' clocks are not the chain's: a block may be some seconds behind the price that it carries.
    uint256 internal constant MAX_AHEAD = 10 seconds;
    uint256 internal constant MAX_CONFIDENCE_BPS = 500;
    int32 internal constant MIN_EXPONENT = -20;
    int32 internal constant MAX_EXPONENT = 12;

    /// @notice Pyth's contract on this chain.
    IPyth public immutable PYTH;
    /// @notice Id of the price feed; the same on all chains.
    bytes32 public immutable ID;
    /// @notice Widest confidence interval (half of it, as Pyth gives it) that is believed, bps of the price.
    uint256 public immutable CONFIDENCE_BPS;
    /// @inheritdoc IPriceSource
    uint256 public immutable heartbeat;

    /// @param pyth Pyth's contract.
    /// @param id feed to read; it need not have been pushed yet.
    /// @param heartbeatSeconds oldest price that is believed, 1 to 60.
    /// @param confidenceBps widest confidence interval, 1 to 500.
    constructor(IPyth pyth, bytes32 id, uint256 heartbeatSeconds, uint256 confidenceBps) {
        _check("pyth", address(pyth).code.length, 1, type(uint256).max);
        _check("heartbeatSeconds", heartbeatSeconds, 1, MAX_HEARTBEAT);
        _check("confidenceBps", confidenceBps, 1, MAX_CONFIDENCE_BPS);
        (PYTH, ID, heartbeat, CONFIDENCE_BPS) = (pyth, id, heartbeatSeconds, confidenceBps);
    }

    /// @inheritdoc IPriceSource
    /// @dev The price is below 2^63 and the scale at most 10^30: no product overflows. A price from a clock ahead counts as
    /// of now.
    function latest() external view returns (uint256 price, uint256 spread, uint256 publishedAt) {
        PythStructs.Price memory p = PYTH.getPriceUnsafe(ID);
        publishedAt = p.publishTime;
        if (publishedAt > block.timestamp) {
            if (publishedAt - block.timestamp > MAX_AHEAD) return (0, 0, publishedAt);
            publishedAt = block.timestamp;
        }
        if (p.price <= 0 || block.timestamp - publishedAt > heartbeat) return (0, 0, publishedAt);
        if (p.expo < MIN_EXPONENT || p.expo > MAX_EXPONENT) return (0, 0, publishedAt);
        (price, spread) = (uint256(uint64(p.price)), p.conf);
        if (spread * Fixed.BPS > price * CONFIDENCE_BPS) return (0, 0, publishedAt);
        int256 exponent = int256(p.expo) + 18;
        if (exponent >= 0) {
            (price, spread) = (price * 10 ** uint256(exponent), spread * 10 ** uint256(exponent));
        } else {
            (price, spread) = (price / 10 ** uint256(-exponent), Fixed.divCeil(spread, 10 ** uint256(-exponent)));
        }
    }

    function _check(bytes32 name, uint256 given, uint256 low, uint256 high) private pure {
        if (given < low || given > high) revert SourceOutOfBounds(name, given, low, high);
    }
}

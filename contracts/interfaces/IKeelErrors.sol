// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Errors of the core
/// @notice Amounts are quote WAD and sizes base WAD unless said otherwise.
interface IKeelErrors {
    /// @notice `caller` is neither the owner nor an operator of the account.
    error NotAuthorized(address caller, uint256 account);
    /// @notice No market has this id.
    error MarketUnknown(uint16 market);
    /// @notice The market was shut, or shares out a loss.
    error MarketShut(uint16 market);
    /// @notice Only a market that is reduce-only can be shut.
    error MarketNotRestricted(uint16 market);
    /// @notice The market shares out a loss, and the account has not been through it: call `resolve` first.
    error Unresolved(uint256 account, uint16 market);
    /// @notice The market has nothing to share out.
    error NothingToResolve(uint16 market);
    /// @notice The pool can pay its winners.
    /// @param equity the higher of the two at index and TWAP, quote WAD.
    error PoolSolvent(uint16 market, int256 equity);
    /// @notice The market only takes reductions.
    error MarketReduceOnly(uint16 market);
    /// @notice The market is closed: its pool neither grows nor shrinks, and who has a position in it does not withdraw.
    error MarketClosed(uint16 market);
    /// @notice The guardian restricted the market a short while ago.
    /// @param restedAt from when on he may again, seconds.
    error GuardianRests(uint16 market, uint256 restedAt);
    /// @notice The market is under no restriction of the guardian's, or not long enough.
    /// @param until from when on anyone may lift it, seconds; 0 = there is none.
    error NothingToLift(uint16 market, uint256 until);
    /// @notice A zero amount or size does nothing.
    error ZeroAmount();
    /// @notice The size lies outside what a position can hold.
    error SizeOutOfRange(int256 given, uint256 limit);
    /// @notice The amount (token units) lies outside what an account can hold.
    error AmountOutOfRange(uint256 given, uint256 limit);
    /// @notice What would remain is too small to be worth liquidating.
    /// @param value of the position at the index, quote WAD, floor.
    /// @param minValue the market's `minNotional`, quote WAD.
    error PositionTooSmall(uint256 value, uint256 minValue);
    /// @notice The average price is worse than the caller's limit, WAD quote per base.
    error PriceLimitMissed(uint256 price, uint256 limit);
    /// @notice The transaction came too late.
    /// @param now_ time of the block, seconds.
    error DeadlinePassed(uint256 deadline, uint256 now_);
    /// @notice The trade would push the net position past the band, away from zero, or a side past what could close alone.
    /// @param skewAfter net position that the fill would leave, base WAD.
    error BandExceeded(int256 skewAfter, uint256 limit);
    /// @notice Pool utilization after the call would pass 1, WAD.
    error UtilizationExceeded(uint256 utilization, uint256 limit);
    /// @notice The account's margin after the call would be too low.
    /// @param required initial margin, or maintenance after a reduction, quote WAD, ceil.
    error MarginTooLow(int256 equity, uint256 required);
    /// @notice One side's open interest after the call would pass what the pool may face.
    /// @param share its value over that, WAD, ceil.
    error SideExceeded(uint256 share, uint256 limit);
    /// @notice The account is healthy, or the insurance's own.
    error NotLiquidatable(int256 equity, uint256 maintenance);
    /// @notice Liquidations have filled the market's window; it empties in five minutes.
    /// @param pushed value pushed through the curve lately, quote WAD.
    /// @param capacity the most, quote WAD.
    error WindowFull(uint256 pushed, uint256 capacity);
    /// @notice The piece would lose more than 1 % of its value against the index.
    /// @param loss against the index, quote WAD.
    error UnwindTooDear(int256 loss, uint256 limit);
    /// @notice The account has no claim on funding in the market, or it is not decided yet.
    error NoClaim(uint256 account, uint16 market);
    /// @notice The account has positions or collateral left, or no debt.
    error NothingToCover(uint256 account);
    /// @notice Only the contract that keeps other collateral may call; it is set once.
    error NotCollateral(address caller);
    /// @notice The account has no position in the market.
    error NoPosition(uint256 account, uint16 market);
    /// @notice The core holds fewer tokens than it owes (fee-on-transfer token?), or is asked for more than all accounts, pools and
    /// insurance together brought in (a profit beyond the pool), token units.
    /// @param held the core's balance, or tokens in less tokens out.
    /// @param owed what it should cover.
    error TokensMissing(uint256 held, uint256 owed);
    /// @notice Only the vault of that bucket may call.
    error NotVault(address caller);
    /// @notice Too few assets for one share or too few shares for one token unit.
    error DustAmount(uint256 given);
    /// @notice A pool keeps a whole share at least; its last share leaves when no position is open.
    /// @param left shares that would stay, 24 decimals.
    /// @param least one share.
    error SharesNeeded(uint256 left, uint256 least);
    /// @notice The pool or the insurance has no equity to price a share with.
    error NoEquity(int256 equity);
    /// @notice The insurance needs what is asked for as margin of its own positions.
    /// @param asked quote WAD.
    /// @param tied maintenance of its positions, quote WAD.
    error InsuranceTied(uint256 asked, uint256 tied);
    /// @notice A parameter lies outside its bounds.
    error ParameterOutOfBounds(bytes32 name, uint256 given, uint256 low, uint256 high);
    /// @notice The address is no oracle hub that serves this core and market.
    error HubUnknown(address oracle, uint16 market);
    /// @notice The address does not answer as a funding model.
    error FundingModelUnknown(address model);
    /// @notice Size tiers change only while no position is open.
    error MarketInUse(uint16 market);
    /// @notice The settlement token is no token or has more than 18 decimals.
    error TokenUnsupported(uint8 decimals);
    /// @notice Tokens sent there would be lost: the zero address or the core itself.
    error RecipientInvalid(address to);
    /// @notice The extension has no code.
    error ExtensionMissing(address extension);
    /// @notice The payer's tokens did not move: too little balance or allowance (raised by Solady's SafeTransferLib).
    error TransferFromFailed();
    /// @notice The token refused a payment (raised by Solady's SafeTransferLib).
    error TransferFailed();
}

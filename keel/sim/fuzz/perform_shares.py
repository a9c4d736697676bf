"""Actions of those who own shares of pools and of the insurance; see `keel.sim.fuzz.perform`."""

from keel.sim.fuzz.action import Done
from keel.sim.fuzz.world import World

# As the least that one wants for one's money: anything.
ANYTHING = -1


def stake(world: World, sender: int, vault: int, tokens: int, least: int = ANYTHING) -> Done:
    """Deposit into a pool or the insurance, perhaps for no less than so many shares."""
    name, wanted = ("deposit", ()) if least == ANYTHING else ("depositAtLeast", (least,))
    receipt = world.send(sender, world.vault(vault), name, tokens, *wanted, world.senders[sender])
    world.ghost.stake(vault, sender).free += receipt.result
    return Done(receipt, paid_in=tokens)


def mint(world: World, sender: int, vault: int, shares: int) -> Done:
    """Buy exactly so many shares."""
    receipt = world.send(sender, world.vault(vault), "mint", shares, world.senders[sender])
    world.ghost.stake(vault, sender).free += shares
    return Done(receipt, paid_in=receipt.result)


def request(world: World, sender: int, vault: int, shares: int) -> Done:
    """Hand shares in for redemption."""
    me = world.senders[sender]
    receipt = world.send(sender, world.vault(vault), "requestRedeem", shares, me, me)
    held = world.ghost.stake(vault, sender)
    held.free, held.asked = held.free - shares, held.asked + shares
    held.claimable_at = world.chain.timestamp() + world.cooldowns[vault]
    return Done(receipt)


def redeem(
    world: World, sender: int, vault: int, shares: int, controller: int, least: int = ANYTHING
) -> Done:
    """Claim a redemption, one's own or another's, perhaps for no less than so many tokens."""
    of = world.senders[controller]
    name, wanted = ("redeem", ()) if least == ANYTHING else ("redeemAtLeast", (least,))
    receipt = world.send(sender, world.vault(vault), name, shares, *wanted, of, of)
    world.ghost.stake(vault, controller).asked -= shares
    return Done(receipt, paid_in=-receipt.result)


def cancel(world: World, sender: int, vault: int) -> Done:
    """Take back what one has handed in."""
    receipt = world.send(sender, world.vault(vault), "cancelRequest", world.senders[sender])
    held = world.ghost.stake(vault, sender)
    held.free, held.asked = held.free + receipt.result, held.asked - receipt.result
    return Done(receipt)


def stake_operator(world: World, sender: int, vault: int, operator: int, allowed: int) -> Done:
    """Let somebody claim one's redemptions."""
    arguments = (world.senders[operator], bool(allowed))
    return Done(world.send(sender, world.vault(vault), "setOperator", *arguments))


def transfer_shares(world: World, sender: int, vault: int, to: int, shares: int) -> Done:
    """Hand shares to another holder."""
    receipt = world.send(sender, world.vault(vault), "transfer", world.senders[to], shares)
    world.ghost.stake(vault, sender).free -= shares
    world.ghost.stake(vault, to).free += shares
    return Done(receipt)

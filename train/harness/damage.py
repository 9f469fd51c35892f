"""Packets as they should never be taken: damaged on the way, of somebody else, or sent again."""

import random
from collections.abc import Callable
from dataclasses import replace

from train.model import packet as p
from train.model.receiver import Receiver
from warehouse.errors import AgpError


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Return a packet with a bit turned over, its end cut, bytes put in, or a piece overwritten."""
    kind, at = dice.randrange(4), dice.randrange(len(data))
    if kind == 0:
        turned = data[at] ^ 1 << dice.randrange(8)
        return data[:at] + bytes([turned]) + data[at + 1 :]
    if kind == 1:
        return data[:at]
    some = dice.randbytes(dice.randint(1, 16))
    return data[:at] + some + data[at + (kind == 3) * len(some) :]


def foreign(data: bytes, dice: random.Random) -> bytes:
    """Return a whole packet, its checksum right, of another model, session, place or version."""
    packet, other = p.unpack(data), dice.randbytes(8).hex()
    kind = dice.randrange(7)
    if kind == 6:
        body = bytearray(data[: -p.CHECKSUM])
        body[4] = p.VERSION + 1
        return p.signed(bytes(body))
    changes = (
        {"model": other},
        {"adapter": other},
        {"tokenizer": other},
        {"session": dice.randbytes(16)},
        {"sequence": packet.sequence + dice.randint(1, 9)},
        {"tokens": (*packet.tokens, 1)},
    )
    return p.pack(replace(packet, **changes[kind]))


def taken(receiver: Callable[[], Receiver], data: bytes, tries: int, seed: int) -> int:
    """Return how many of so many damaged, foreign and replayed packets a receiver takes."""
    dice = random.Random(seed)
    waiting, used = receiver(), receiver()
    used.accept(data)
    count = 0
    for i in range(tries):
        if i % 3 == 2:
            target, bad = used, data  # a replay
        else:
            target, bad = waiting, (damaged, foreign)[i % 3](data, dice)
            if bad == data:
                continue
        try:
            target.accept(bad)
        except AgpError:
            continue
        count, waiting = count + 1, receiver()
    return count

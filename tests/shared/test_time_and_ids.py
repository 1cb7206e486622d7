"""The virtual clock and the ids."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.clock import Clock
from shared.database import Database
from shared.randomness import Randomness


class TestClock:
    def test_it_advances_and_remembers(self) -> None:
        database = Database()
        before = Clock(database).now()
        Clock(database).advance(timedelta(days=7))
        assert 7 * 86_400 <= Clock(database).now() - before < 7 * 86_400 + 60

    @pytest.mark.parametrize("step", [timedelta(seconds=-1), timedelta(days=4_000_000)], ids=["back", "too-far"])
    def test_it_refuses_other_steps(self, step: timedelta) -> None:
        clock = Clock(Database())
        before = clock.now()
        with pytest.raises(ValueError, match="clock"):
            clock.advance(step)
        assert clock.now() - before < 60

    def test_it_stands_still_for_one_request(self) -> None:
        clock = Clock(Database())
        with clock.standing():
            assert len({clock.now() for _ in range(1_000)}) == 1
        assert clock.now() - clock.now() < 0


class TestRandomness:
    def test_a_seed_gives_the_same_ids_in_the_same_order(self) -> None:
        one, other = (Randomness(Database(), seed=1) for _ in range(2))
        assert [one.uuid(), one.alphanumeric(22), one.hex(64)] == [other.uuid(), other.alphanumeric(22), other.hex(64)]

    def test_another_seed_gives_other_ids(self) -> None:
        assert Randomness(Database(), seed=1).uuid() != Randomness(Database(), seed=2).uuid()

    def test_a_sequence_goes_on_after_a_restart(self) -> None:
        database = Database()
        first = Randomness(database, seed=1)
        ids = [first.uuid()]
        first.save_position()
        ids.append(Randomness(database, seed=1).uuid())
        assert len(set(ids)) == 2

    def test_without_a_seed_ids_never_repeat(self) -> None:
        randomness = Randomness(Database())
        assert len({randomness.uuid() for _ in range(1000)}) == 1000

    @pytest.mark.parametrize("digits", [1, 2, 63, 64])
    def test_hex_has_the_digits_asked_for(self, digits: int) -> None:
        assert len(Randomness(Database()).hex(digits)) == digits

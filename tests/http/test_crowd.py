"""Whom a full port sends away."""

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from exporters.http.crowd import Crowd, Place

MOST, MOST_OF_ADDRESS, PATIENCE = 8, 5, 1.0
ADDRESSES = st.sampled_from("abcdef")


def crowd() -> Crowd[int]:
    return Crowd(most=MOST, most_of_address=MOST_OF_ADDRESS, patience_seconds=PATIENCE)


class AnyCrowd(RuleBasedStateMachine):
    """Clients come, do something else and go, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.crowd = crowd()
        self.inside: dict[int, tuple[str, Place, float]] = {}
        self.now = 0.0
        self.last = 0

    @rule(address=ADDRESSES)
    def come(self, address: str) -> None:
        before = dict(self.inside)
        held = Counter(stay[0] for stay in before.values())
        self.last += 1
        entered, victim = self.crowd.enter(self.last, address, self.now)
        full = len(before) >= MOST or held[address] >= MOST_OF_ADDRESS
        assert entered or (full and victim is None)
        assert (victim is None) == (not full or not entered)
        if victim is not None:
            whose, place, since = self.inside.pop(victim)
            if held[address] >= MOST_OF_ADDRESS:
                assert whose == address
            else:
                assert held[whose] == max(held.values())
            rank = (place, since)
            assert rank == min(stay[1:] for stay in before.values() if stay[0] == whose)
        if not entered:  # then all that might go have just begun
            most = max(held.values())
            might = address if held[address] >= MOST_OF_ADDRESS else None
            for whose, place, since in before.values():
                if whose == might or (might is None and held[whose] == most):
                    assert place is Place.ANSWERING
                    assert self.now - since < PATIENCE
            assert might or held[address] + 1 >= most
        else:
            self.inside[self.last] = (address, Place.ASKING, self.now)

    @rule(data=st.data(), place=st.sampled_from(Place))
    def do(self, data: st.DataObject, place: Place) -> None:
        if self.inside:
            who = data.draw(st.sampled_from(sorted(self.inside)))
            self.crowd.move(who, place, self.now)
            self.inside[who] = (self.inside[who][0], place, self.now)

    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from([*sorted(self.inside), -1]))
        assert self.crowd.leave(who) is (who in self.inside)
        self.inside.pop(who, None)

    @rule(seconds=st.floats(0.01, 3))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def all_is_as_told(self) -> None:
        assert set(self.crowd) == set(self.inside)
        assert len(self.crowd) == len(self.inside) <= MOST
        held = Counter(stay[0] for stay in self.inside.values())
        assert max(held.values(), default=0) <= MOST_OF_ADDRESS
        for place in Place:
            for seconds in (0.0, 1.0):
                found = self.crowd.longer_than(place, seconds, self.now)
                assert set(found) == {
                    who
                    for who, (_, at, since) in self.inside.items()
                    if at is place and self.now - since >= seconds
                }
                since_of = [self.inside[who][2] for who in found]
                assert since_of == sorted(since_of)
        for who, (_, place, _) in self.inside.items():
            assert self.crowd.place(who) is place


TestAnyCrowd = AnyCrowd.TestCase


def test_one_who_has_little_is_never_sent_away_for_those_who_have_much() -> None:
    found = crowd()
    assert found.enter(0, "scraper", 0.0) == (True, None)
    for number in range(1, 200):
        found.enter(number, f"bad {number % 3}", number * 0.001)
        found.move(number, Place.ANSWERING, number * 0.001)
    assert 0 in found


def test_one_who_has_little_gets_in_although_all_others_are_being_answered() -> None:
    found = crowd()
    for number in range(MOST):
        found.enter(number, f"bad {number % 2}", 0.0)
        found.move(number, Place.ANSWERING, 0.0)
    assert found.enter(100, "scraper", 0.0)[0]
    assert 100 in found


def test_who_is_out_stays_out() -> None:
    found = crowd()
    found.move(7, Place.IDLE, 0.0)
    assert found.place(7) is None
    assert not len(found)

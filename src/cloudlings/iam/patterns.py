"""Which combinations of patterns can one string match, and what is the shortest string that does?

IAM's patterns know only ``*`` and ``?``, so each is a small automaton. Walking the automata of all
patterns side by side, breadth first, meets every combination of matches that any string can reach, and
meets it first with a shortest string. Patterns that only matter together (the values of one ``Resource``
element) are walked as one group: it matches when one of its patterns does.

    >>> found = combinations([group("a*"), group("*b")])
    >>> found[0b11].text
    'ab'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Final, NamedTuple

MAX_STATES: Final = 200_000
"""How many joint states a walk may visit before it gives up (about two seconds on one core)."""

_FILLERS: Final = "xyzabcdefghijklmnopqrstuvw0123456789-_.ABCDEFGHIJKLMNOPQRSTUVWXYZ/=+@,~!"


_TOO_LATE: ContextVar[Callable[[], bool]] = ContextVar("too late", default=lambda: False)


@contextmanager
def until(too_late: Callable[[], bool]) -> Iterator[None]:
    """Walks and ``check_time`` raise TooManyStatesError here once ``too_late()`` says so."""
    before = _TOO_LATE.set(too_late)
    try:
        yield
    finally:
        _TOO_LATE.reset(before)


def check_time() -> None:
    """Raise TooManyStatesError when it is too late to go on."""
    if _TOO_LATE.get()():
        raise TooManyStatesError


class TooManyStatesError(Exception):
    """The walk met more joint states than it may visit; the caller answers "not proven"."""


class Token(NamedTuple):
    """One place of a pattern: a set of characters, once or (``repeat``) any number of times.

    ``but`` turns the set round: every character except those in ``chars``.
    """

    # A tuple, for patterns are keys: a long ARN's is hashed again and again.

    chars: frozenset[str]
    but: bool = False
    repeat: bool = False

    def takes(self, char: str) -> bool:
        """Whether this place accepts the character."""
        return (char in self.chars) != self.but

    def takes_the_rest(self) -> bool:
        """Whether this place accepts characters that no pattern mentions."""
        return self.but


ANY: Final = Token(frozenset(), but=True)
ANY_RUN: Final = Token(frozenset(), but=True, repeat=True)
_NO_COLON: Final = Token(frozenset(":"), but=True)
_NO_COLON_RUN: Final = Token(frozenset(":"), but=True, repeat=True)

Pattern = tuple[Token, ...]
"""A pattern, place by place. Two patterns that read alike are equal."""


@lru_cache(maxsize=4096)
def literal(text: str, *, ignore_case: bool = False) -> Pattern:
    """The pattern that matches this text and nothing else."""
    return tuple(Token(_cases(char) if ignore_case else frozenset(char)) for char in text)


def _cases(char: str) -> frozenset[str]:
    return frozenset((char, char.lower(), char.upper()))


@lru_cache(maxsize=4096)
def glob(text: str, *, ignore_case: bool = False) -> Pattern:
    """A pattern in which ``*`` is any run of characters and ``?`` any one character."""
    return _tidy(_wild(char, ANY, ANY_RUN, ignore_case) for char in text)


def arn_glob(text: str) -> Pattern:
    """A pattern as the ARN operators read it: wildcards stay within one of the first five segments.

    Source: IAM user guide, "Amazon Resource Name (ARN) condition operators".
    """
    places: list[Token] = []
    for number, segment in enumerate(text.split(":", 5)):
        inner = number < 5
        if number:
            places.append(Token(frozenset(":")))
        one, run = (_NO_COLON, _NO_COLON_RUN) if inner else (ANY, ANY_RUN)
        places.extend(_wild(char, one, run, False) for char in segment)
    return _tidy(places)


def _wild(char: str, one: Token, run: Token, ignore_case: bool) -> Token:
    if char == "*":
        return run
    if char == "?":
        return one
    return Token(_cases(char) if ignore_case else frozenset(char))


def _tidy(places: Iterable[Token]) -> Pattern:
    """Runs that follow one another are one run; a ``?`` after a run goes before it."""
    tidy: list[Token] = []
    for place in places:
        if tidy and tidy[-1].repeat and place.but and place.chars == tidy[-1].chars:
            if not place.repeat:
                tidy.insert(len(tidy) - 1, place)
            continue
        tidy.append(place)
    return tuple(tidy)


@dataclass(frozen=True)
class Witness:
    """A string that reaches a combination; ``free`` marks the characters that nothing forced."""

    text: str
    free: tuple[bool, ...] = field(default=(), compare=False)

    def runs(self) -> Iterator[tuple[int, int]]:
        """The stretches (start, end) of characters that another text could take the place of."""
        start = None
        for place, free in enumerate((*self.free, False)):
            if free and start is None:
                start = place
            elif not free and start is not None:
                yield start, place
                start = None


class _Automaton:
    """One pattern: a set of places as bits of an int, moved on by one character at a time."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.accept = 1 << len(pattern)
        self.runs = _bits(place.repeat for place in pattern)
        self._supreme = _bits(_outdoes(pattern, place) for place in range(len(pattern)))
        self.start = self._settle(1)
        self.forever = self._settle(1 << (len(pattern) - 1)) if pattern and pattern[-1] == ANY_RUN else -1
        self._rest = _bits(place.but for place in pattern)
        # By character: the places that accept it other than they accept the rest.
        self._differs: dict[str, int] = {}
        for number, place in enumerate(pattern):
            for char in place.chars:
                self._differs[char] = self._differs.get(char, 0) | 1 << number

    def step(self, state: int, char: str | None) -> int:
        """The places after ``char`` (None: a character that no pattern mentions)."""
        takes = self._rest if char is None else self._rest ^ self._differs.get(char, 0)
        moved = state & takes
        return self._settle(((moved & ~self.runs) << 1) | (moved & self.runs))

    def _settle(self, state: int) -> int:
        """Runs may be empty; and a later run makes the places before it superfluous."""
        fresh = (state & self.runs) << 1
        while fresh & ~state:
            state |= fresh
            fresh = (state & self.runs) << 1
        reached = state & self._supreme
        if reached:
            state &= -1 << (reached.bit_length() - 1)
        return state

    def mentions(self, state: int) -> set[str]:
        """The characters that this state tells apart from the rest."""
        chars: set[str] = set()
        while state:
            place = (state & -state).bit_length() - 1
            state &= state - 1
            if place < len(self.pattern):
                chars |= self.pattern[place].chars
        return chars


@lru_cache(maxsize=4096)
def _automaton(pattern: Pattern) -> _Automaton:
    return _Automaton(pattern)


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << place for place, flag in enumerate(flags) if flag)


def _outdoes(pattern: Pattern, place: int) -> bool:
    """Whether being in this run leaves nothing to gain from any earlier place of the pattern."""
    run = pattern[place]
    if not (run.repeat and run.but):
        return False
    return all(run.chars <= earlier.chars for earlier in pattern[:place] if earlier.repeat and earlier.but)


_MATCHED: Final = 0
_DEAD: Final = 1


class Group:
    """Patterns of which one must match. States are numbered as they are met."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = tuple(dict.fromkeys(patterns))
        self._automata = [_automaton(pattern) for pattern in self.patterns]
        self._numbers: dict[tuple[int, ...], int] = {}
        self._states: list[tuple[int, ...]] = [(), tuple(0 for _ in self._automata)]
        # By state: the next one by character.
        self._steps: list[dict[str | None, int]] = [{}, {}]
        self._accepts: dict[int, bool] = {_MATCHED: True, _DEAD: False}
        self._mentions: dict[int, frozenset[str]] = {_MATCHED: frozenset(), _DEAD: frozenset()}
        self._lock = Lock()
        self.walks: dict[tuple[tuple[Group, ...], ...], dict[int, Witness]] = {}
        self.start = self._number(tuple(a.start for a in self._automata))

    @property
    def size(self) -> int:
        """How much it has learnt."""
        return len(self._states) + sum(map(len, self._steps))

    def _number(self, state: tuple[int, ...]) -> int:
        """The number of a state: all that surely match share one, all that never will another."""
        # Loops, here and below: this is called more than anything else.
        for place, automaton in zip(state, self._automata, strict=True):
            if place == automaton.forever:
                return _MATCHED
        if not any(state):
            return _DEAD
        number = self._numbers.get(state)
        return self._new(state) if number is None else number

    def _new(self, state: tuple[int, ...]) -> int:
        # Two threads must not give one number to two states.
        with self._lock:
            number = self._numbers.get(state)
            if number is None:
                number = len(self._states)
                self._steps.append({})
                self._states.append(state)
                self._numbers[state] = number
            return number

    def step(self, number: int, char: str | None) -> int:
        """The state after ``char`` (None: a character that no pattern mentions)."""
        if number <= _DEAD:
            return number
        found = self._steps[number].get(char)
        return self.first_step(number, char) if found is None else found

    @property
    def steps(self) -> Sequence[Mapping[str | None, int]]:
        """By state: the next one by character, as far as steps were taken."""
        return self._steps

    def first_step(self, number: int, char: str | None) -> int:
        """A step that was not taken before: it is known from here on."""
        state = self._states[number]
        moved = [a.step(s, char) if s else 0 for s, a in zip(state, self._automata, strict=True)]
        found = self._steps[number][char] = self._number(tuple(moved))
        return found

    def accepts(self, number: int) -> bool:
        """Whether the string read so far matches."""
        found = self._accepts.get(number)
        if found is None:
            state = zip(self._states[number], self._automata, strict=True)
            found = self._accepts[number] = any(s & a.accept for s, a in state)
        return found

    def mentions(self, number: int) -> frozenset[str]:
        """The characters that this state tells apart from the rest."""
        found = self._mentions.get(number)
        if found is None:
            state = self._states[number]
            chars = (a.mentions(s) for s, a in zip(state, self._automata, strict=True) if s)
            found = self._mentions[number] = frozenset().union(*chars)
        return found

    def leads_on(self, number: int, char: str | None = "") -> bool:
        """Whether some text from this state matches (after ``char``, when there is one)."""
        return (number if char == "" else self.step(number, char)) != _DEAD

    def read(self, number: int, text: str) -> int:
        """The state after a whole text."""
        for char in text:
            number = self.step(number, char)
        return number

    def matches(self, text: str) -> bool:
        """Whether the text matches one of the patterns."""
        return self.accepts(self.read(self.start, text))


def group(*patterns: str | Pattern) -> Group:
    """A group of patterns; text is read as a glob."""
    return Group(glob(p) if isinstance(p, str) else p for p in patterns)


_KEPT_GROUPS: Final = 512
_KEPT_WALKS: Final = 256
_LARGEST_KEPT: Final = 2_000
_kept: dict[tuple[Pattern, ...], Group] = {}


class Groups:
    """Groups made once: those who walk often keep one of these, so that what is learnt stays.

    The policies of one account are asked about again and again: what was learnt for one question, the next
    finds.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[Pattern, ...], Group] = {}

    def of(self, patterns: Iterable[Pattern]) -> Group:
        """The group of these patterns."""
        key = tuple(patterns)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = _shared(key)
        return found


def _shared(key: tuple[Pattern, ...]) -> Group:
    found = _kept.get(key)
    if found is None or found.size > _LARGEST_KEPT:
        if len(_kept) >= _KEPT_GROUPS:
            _kept.clear()
        found = _kept[key] = Group(key)
    return found


def kept_combinations(
    groups: tuple[Group, ...], within: Group, limits: tuple[Group, ...] = ()
) -> dict[int, Witness]:
    """As `combinations`, walked once for the same groups as long as ``within`` is kept."""
    found = within.walks.get((groups, limits))
    if found is None:
        found = combinations(groups, within=within, limits=limits)
        if len(within.walks) >= _KEPT_WALKS:
            within.walks.clear()
        within.walks[groups, limits] = found
    return found


_ANYTHING: Final = (ANY_RUN,)


def combinations(
    groups: Sequence[Group],
    *,
    within: Group | None = None,
    limits: Sequence[Group] = (),
    max_states: int = MAX_STATES,
) -> dict[int, Witness]:
    """Every combination of matches that a string of the shape ``within`` can have that matches all limits.

    Bit i of a combination: group i matches. Each comes with one of its shortest strings. Raises
    TooManyStatesError past ``max_states`` joint states, or when it is too late (``until``): then nothing is
    known about the rest.
    """
    limiting = [within or Group([_ANYTHING]), *limits]
    many = len(limiting)
    walk = _Walk([*limiting, *groups], max_states, limiting=many)
    found: dict[int, Witness] = {}
    for state, number in walk.states():
        if all(g.accepts(s) for g, s in zip(limiting, state, strict=False)):
            combination = _bits(g.accepts(s) for g, s in zip(groups, state[many:], strict=True))
            if combination not in found:
                found[combination] = walk.witness(number)
    return found


def states(
    starts: Sequence[tuple[Group, int]], *, within: Pattern = _ANYTHING, max_states: int = MAX_STATES
) -> list[Witness]:
    """A string for every joint state that strings of the shape ``within`` lead to from these states."""
    shape = Group([within])
    walk = _Walk([shape, *(g for g, _ in starts)], max_states, (shape.start, *(n for _, n in starts)))
    return [walk.witness(number) for state, number in walk.states() if shape.accepts(state[0])]


class _Walk:
    """A breadth-first walk over joint states that remembers how it came to each. No text leads on that one
    of the first automata, those that are ``limiting``, will never match."""

    def __init__(
        self,
        automata: Sequence[Group],
        max_states: int,
        start: tuple[int, ...] | None = None,
        limiting: int = 1,
    ) -> None:
        self._automata = automata
        self._limiting = limiting
        self._steps = [group.steps for group in automata]
        self._too_late = _TOO_LATE.get()
        self._max_states = max_states
        start = start or tuple(a.start for a in automata)
        self._met: dict[tuple[int, ...], int] = {start: 0}
        self._order: list[tuple[int, ...]] = [start]
        self._came: list[tuple[int, str, bool]] = [(-1, "", False)]

    def states(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """Every state once, nearest first, with its number."""
        number = 0
        while number < len(self._order):
            state = self._order[number]
            if number % 8 == 0 and self._too_late():
                raise TooManyStatesError
            if _DEAD not in state[: self._limiting]:
                yield state, number
                self._spread(state, number)
            number += 1

    def _spread(self, state: tuple[int, ...], number: int) -> None:
        for shape, place in zip(self._automata[: self._limiting], state, strict=False):
            if shape.step(place, None) == _DEAD:
                # Only what the shape names leads on: most of an ARN is one character after the other.
                for char in sorted(shape.mentions(place)):
                    self._go(state, number, char, False, char)
                return
        special = frozenset().union(
            *(a.mentions(s) for a, s in zip(self._automata, state, strict=True) if s > _DEAD)
        )
        self._go(state, number, _filler(special), True, None)
        for char in sorted(special):
            self._go(state, number, char, False, char)

    def _go(self, state: tuple[int, ...], number: int, char: str, free: bool, step: str | None) -> None:
        # Spelled out: nearly all of a walk is this, and nearly every step was taken before.
        moved = []
        for group, steps, place in zip(self._automata, self._steps, state, strict=True):
            if place > _DEAD:
                found = steps[place].get(step)
                place = group.first_step(place, step) if found is None else found
            moved.append(place)
        reached = tuple(moved)
        if reached in self._met or _DEAD in reached[: self._limiting]:
            return
        if len(self._order) >= self._max_states:
            raise TooManyStatesError
        self._met[reached] = len(self._order)
        self._order.append(reached)
        self._came.append((number, char, free))

    def witness(self, number: int) -> Witness:
        """The string that led to a state."""
        chars: list[str] = []
        free: list[bool] = []
        while number:
            number, char, was_free = self._came[number]
            chars.append(char)
            free.append(was_free)
        return Witness("".join(reversed(chars)), tuple(reversed(free)))


def _filler(special: frozenset[str]) -> str:
    """A readable character that none of the patterns tells apart here."""
    for char in _FILLERS:
        if char not in special:
            return char
    return next(chr(code) for code in range(0xE0, 0x2000) if chr(code) not in special)

from __future__ import annotations

from vana.layers.parcel import packed
from vana.layers.shelf import ENTRY_BYTES, Entry, Shelf


def shelf(*, max_entries: int = 1000, max_bytes: int = 1 << 20, keep: float = 0.0) -> Shelf:
    return Shelf(max_entries=max_entries, max_bytes=max_bytes, keep=keep)


def entry(place: bytes, value: object = "v", *, until: float = 10.0, tags: tuple[str, ...] = ()) -> Entry:
    made = Entry(place, packed(value, "t"), until)
    made.tags = tags
    return made


def test_the_bytes_are_those_of_what_is_there():
    on = shelf()
    on.put(entry(b"a", "x" * 1000), 0.0)
    held = on.bytes
    assert 1000 + ENTRY_BYTES < held < 1200 + ENTRY_BYTES
    on.put(entry(b"a", "x" * 1000), 0.0)
    assert on.bytes == held, "the new one takes the place of the old"
    on.put(entry(b"b", "y"), 0.0)
    on.drop(b"b")
    assert on.bytes == held
    on.clear()
    assert (on.bytes, len(on.entries)) == (0, 0)


def test_what_is_larger_than_the_shelf_is_not_kept_and_drives_nobody_out():
    on = shelf(max_bytes=2000)
    on.put(entry(b"a"), 0.0)
    on.put(entry(b"b", "x" * 3000), 0.0)
    assert list(on.entries) == [b"a"]


def test_what_is_over_goes_with_the_next_that_comes_after_the_time_it_is_still_kept_for():
    on = shelf(keep=5.0)
    for number in range(10):
        on.put(entry(b"%d" % number, until=10.0 + number / 10), 0.0)
    on.put(entry(b"new", until=99.0), 14.9)
    assert len(on.entries) == 11
    on.put(entry(b"newer", until=99.0), 16.0)
    assert list(on.entries) == [b"new", b"newer"]


def test_entries_that_come_and_go_leave_nothing_behind():
    on = shelf(max_entries=10, keep=3600.0)
    for number in range(10_000):
        on.put(entry(b"%d" % number, until=1e9, tags=(f"t{number}",)), 0.0)
        on.entries.move_to_end(b"0")  # the oldest is used all the time, so that it stays
    # The only place where what is gone is still seen is private; no other says whether memory grows.
    ages, tagged = on._old_values, on._tagged  # pyright: ignore[reportPrivateUsage] - see above
    assert len(ages) <= 2 * 10 + 65
    assert len(tagged) == 10
    assert sum(old.content is not None for old in ages) == 10


def test_tags_lead_to_the_entries_that_bear_them():
    on = shelf()
    on.put(entry(b"a", tags=("x", "y")), 0.0)
    on.put(entry(b"b", tags=("y",)), 0.0)
    on.put(entry(b"c"), 0.0)
    on.drop_tagged({"x", "z"})
    assert list(on.entries) == [b"b", b"c"]
    on.drop_tagged({"y"})
    assert list(on.entries) == [b"c"]


def test_a_place_counts_with_all_that_it_holds():
    long = "k" * 1000
    for place, size in ((b"k" * 1000, 1000), (long, 1000), (("ana", long), 1040), (1 << 8000, 1000)):
        on = shelf()
        made = Entry(place, packed("v", "t"), 10.0)
        on.put(made, 0.0)
        assert size + ENTRY_BYTES < on.bytes < size + ENTRY_BYTES + 200

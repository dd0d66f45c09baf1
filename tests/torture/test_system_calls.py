"""Lines of strace are read as disk operations, or not at all."""

from pathlib import Path

import pytest

from tests.torture.faulty_disk import Operation
from tests.torture.system_calls import BlindError, below, parsed

HOME = Path("/home")


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        (
            '7 openat(AT_FDCWD</x>, "/home/a", O_WRONLY|O_CREAT, 0600) = 5</home/a>',
            Operation("create", "/home/a"),
        ),
        ('openat(4</home>, "a", O_WRONLY|O_CREAT, 0600) = 5</home/a>', Operation("create", "/home/a")),
        ('open("/home/a", O_WRONLY|O_TRUNC) = 5</home/a>', Operation("write", "/home/a")),
        ('write(5</home/a>, "b) = -1 E", 9)        = 9', Operation("write", "/home/a")),
        ('write(5</home/#7>(deleted), "b", 1) = 1', Operation("write", "/home/#7 (deleted)")),
        ('pwrite64(5</home/a>, "b", 1, 0) = 1', Operation("write", "/home/a")),
        ('writev(5</home/a>, [{iov_base="b", iov_len=1}], 1) = 1', Operation("write", "/home/a")),
        ('pwritev(5</home/a>, [{iov_base="b", iov_len=1}], 1, 0) = 1', Operation("write", "/home/a")),
        ("ftruncate(5</home/a>, 1)  = 0", Operation("write", "/home/a")),
        ('truncate("/home/a", 3) = 0', Operation("write", "/home/a")),
        ("copy_file_range(6</x>, NULL, 5</home/a>, NULL, 1, 0) = 1", Operation("write", "/home/a")),
        ("sendfile(5</home/a>, 6</x>, [0] => [1], 1) = 1", Operation("write", "/home/a")),
        ("fsync(5</home/a>) = 0", Operation("fsync", "/home/a")),
        ("fdatasync(5</home/a>) = 0", Operation("fsync", "/home/a")),
        ('mkdir("/home/a", 0700) = 0', Operation("mkdir", "/home/a")),
        ('mkdirat(4</home>, "a", 0700) = 0', Operation("mkdir", "/home/a")),
        ('rename("/home/a", "/home/b") = 0', Operation("rename", "/home/a", "/home/b")),
        ('renameat(4</home>, "a", 4</home>, "b") = 0', Operation("rename", "/home/a", "/home/b")),
        (
            'renameat2(AT_FDCWD</x>, "/home/a", 4</home>, "b", RENAME_NOREPLACE) = 0',
            Operation("rename", "/home/a", "/home/b"),
        ),
        ('rename("/x", "/home/b") = 0', Operation("rename", "/x", "/home/b")),
        ('link("/x", "/home/a") = 0', Operation("create", "/home/a")),
        ('linkat(4</x>, "b", 5</home>, "a", 0) = 0', Operation("create", "/home/a")),
        ('symlink("b", "/home/a") = 0', Operation("symlink", "/home/a")),
        ('symlinkat("b", 4</home>, "a") = 0', Operation("symlink", "/home/a")),
        ('unlink("/home/a") = 0', Operation("unlink", "/home/a")),
        ('unlinkat(4</home>, "a", AT_REMOVEDIR) = 0', Operation("unlink", "/home/a")),
    ],
)
def test_a_call_that_changes_the_disk(line: str, operation: Operation) -> None:
    """Each call is read, with its paths whole, however they are given."""
    assert below(HOME, [line]) == [operation]


@pytest.mark.parametrize(
    "line",
    [
        'openat(AT_FDCWD</x>, "/home/a", O_RDONLY) = 5</home/a>',
        'openat(AT_FDCWD</x>, "/home", O_RDWR|O_TMPFILE, 0600) = 5</home/#7>(deleted)',
        'openat(AT_FDCWD</x>, "/home/a", O_RDWR|O_CREAT, 0600) = -1 ENOSPC (No space left on device)',
        'rename("/home/a", "/home/b") = -1 ENOENT (No such file or directory)',
        'write(2<pipe:[7]>, "/home/a", 7) = 7',
        'write(2</x/log>, "/home/a", 7) = 7',
        "mmap(NULL, 10, PROT_READ, MAP_SHARED, 7</home/a>, 0) = 0x7fe3b1b2b000",
        "mmap(NULL, 10, PROT_READ|PROT_WRITE, MAP_PRIVATE, 7</home/a>, 0) = 0x7fe3b1b2b000",
        "clone(child_stack=NULL) = 12",
        "+++ exited with 0 +++",
    ],
)
def test_a_call_that_changes_nothing_of_ours(line: str) -> None:
    """What failed, only reads, has no name, or is elsewhere is left out."""
    assert below(HOME, [line]) == []


@pytest.mark.parametrize(
    "line",
    [
        "ioctl(5</home/a>, FICLONE, 6</home/b>) = 0",
        'write(5</home/a>, "b", 1) = ?',
        'write(5</home/a>, "b"',
        '7 write(5</home/a>, "b", 1 <unfinished ...>',
        "7 <... write resumed>) = 1",
        "mmap(NULL, 10, PROT_READ|PROT_WRITE, MAP_SHARED, 7</home/a>, 0) = 0x7fe3b1b2b000",
        'renameat2(4</home>, "a", 4</home>, "b", RENAME_EXCHANGE) = 0',
        r'rename("/home/\"a", "/home/b") = 0',
        "copy_file_range(6, NULL, 5</home/a>, NULL, 1, 0) = 1",
    ],
)
def test_a_line_that_is_not_understood(line: str) -> None:
    """The judge raises an error instead of finding nothing."""
    with pytest.raises(BlindError):
        below(HOME, [line])


def test_a_call_that_names_another_place_need_not_be_understood() -> None:
    """Only the home is judged."""
    assert parsed("ioctl(5</x/a>, FICLONE, 6</x/b>) = 0", str(HOME)) is None


def test_a_call_between_whose_lines_another_thread_acts_is_seen() -> None:
    """A sync that strace shows in two lines counts where it ended."""
    lines = [
        "7 fsync(5</home/inbox> <unfinished ...>",
        '8 rename("/home/a", "/home/b") = 0',
        "7 <... fsync resumed>) = 0",
    ]

    assert below(HOME, lines) == [
        Operation("rename", "/home/a", "/home/b"),
        Operation("fsync", "/home/inbox"),
    ]

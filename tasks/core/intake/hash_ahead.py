"""Hash an extract that an operator names while the libraries that score it are being loaded."""

from pathlib import Path
from threading import Thread

from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Delivery, identify


class HashAhead:
    """Begins at once, in a thread of its own, which leaves Python's lock to the imports; see `identify`."""

    def __init__(self, path: Path) -> None:
        """Begin to hash the extract at this path."""
        self._given = ExtractPath(path, delivered=False)
        self._found: Delivery | BaseException | None = None
        self._thread = Thread(
            target=self._hash, name="hash", daemon=True
        )  # who is stopped does not wait for it
        self._thread.start()

    def __call__(self, given: ExtractPath) -> Delivery:
        """Return the identified extract, as `identify` would; of another path, identify that."""
        if given != self._given:
            return identify(given)
        self._thread.join()
        if isinstance(self._found, BaseException):
            raise self._found
        assert self._found is not None
        return self._found

    def _hash(self) -> None:
        try:
            self._found = identify(self._given)
        except BaseException as error:  # noqa: BLE001 raised again for the caller
            self._found = error

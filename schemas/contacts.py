"""The words of the contact lists."""

from typing import Final, Literal, get_args

Scope = Literal["marketing", "profiling", "all"]
Channel = Literal["phone", "email", "sms"]
Basis = Literal["contract", "consent"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
BASES: Final[tuple[Basis, ...]] = get_args(Basis)

"""``manage.py kvstore clear [PREFIX]``: deletes a store's entries, and asks first."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_kvstore.store import Store

from .listing import ListingSubcommand
from .subcommand import answer, confirmed, store_of


class Clear(ListingSubcommand):
    """Deletes all, or those of a prefix."""

    help = gettext_lazy("Deletes every entry, or those whose key begins with PREFIX; asks first.")
    example = "manage.py kvstore clear session: --store counters --noinput"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help=_("Do not ask."),
        )

    def handle(self, command: BaseCommand, **options: Any) -> None:
        store, prefix = store_of(options), options["prefix"]
        where = _place(store, options["namespace"])
        what = _("every entry of %s") % where
        if prefix:
            what = _("every entry of %s whose key begins with '%s'") % (where, prefix)
        if options["interactive"] and not confirmed(_("Delete %s? Type 'yes': ") % what):
            raise CommandError(_("Nothing was deleted."))
        deleted = store.clear(prefix)
        text = _("Deleted %s.") % what
        if deleted is not None:
            text = ngettext("Deleted %d entry.", "Deleted %d entries.", deleted) % deleted
        answer(command, options, text, deleted=deleted)


def _place(store: Store, namespace: str | None) -> str:
    """Return the store's alias, and the namespace in it where one was given."""
    return _("the namespace '%s' of %s") % (namespace, store.alias) if namespace else store.alias

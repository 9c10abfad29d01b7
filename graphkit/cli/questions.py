"""The commands that turn facts into pseudonyms and back; each leaves a line in the lake's log."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphkit.cli import terminal
from graphkit.cli.commands import DateOption, FormOption, LakeArgument, app
from graphkit.cli.terminal import Form

if TYPE_CHECKING:
    from pipelines.lookup import Found

_SHOWN = 40
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="Key file; GRAPHKIT_KEY or LAKE.key else."),
]


@app.command(epilog="Example: graphkit find lake ip 203.0.113.7")
def find(
    lake: LakeArgument,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="account, ip, card, device, email_domain, org, a mentions' kind."
        ),
    ],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="As your records spell it.")],
    tls: Annotated[
        str | None, typer.Option("--tls", metavar="TEXT", help="A device's TLS fingerprint.")
    ] = None,
    dt: DateOption = None,
    key: KeyOption = None,
    form: FormOption = Form.table,
) -> None:
    """Find who used an address, card or device, and in which rings.

    The value is spelled and keyed as the run did; the lake's access.jsonl keeps who asked for
    which pseudonym. As csv and json it lists the accounts.
    """
    from pipelines.lookup import find as found
    from pipelines.lookup import find_account

    findings = terminal.findings(lake, dt)
    if kind == "account":
        why = find_account(lake, findings, value)
        if form is Form.table:
            terminal.out(str(why))
        else:
            terminal.write(why.facts.table, form)
        return
    answer = found(lake, findings, kind, value, tls=tls, key_file=key)
    if form is Form.table:
        _show(answer)
    else:
        terminal.write(answer.accounts, form)


def _show(found: "Found") -> None:
    accounts, rings = found.accounts.num_rows, found.rings.num_rows
    terminal.out(f"{found.entity}: accounts {accounts:,}, evidence in rings {rings:,}")
    for reason in found.reasons:
        terminal.out(f"the allow-list names it ({reason})")
    for title, table in (("Rings", found.rings), ("Accounts", found.accounts)):
        if table.num_rows:
            terminal.heading(title)
            terminal.write(table.slice(0, _SHOWN), Form.table)
    if accounts > _SHOWN:
        terminal.out(f"and {accounts - _SHOWN:,} more: list them with --format csv")


@app.command(epilog="Example: graphkit reveal lake ip-00f31c9a5b27e804 --snapshots snapshots")
def reveal(
    lake: LakeArgument,
    entity: Annotated[
        str, typer.Argument(metavar="ENTITY", help="A pseudonym, as evidence shows it.")
    ],
    snapshots: Annotated[
        str, typer.Option("--snapshots", metavar="DIR", help="Folder of the window's days.")
    ],
    dt: DateOption = None,
    key: KeyOption = None,
    form: FormOption = Form.table,
) -> None:
    """Say which value a pseudonym stands for, from the files.

    The window's days are read and keyed again; the lake's access.jsonl keeps who asked for which
    pseudonym. Prompts cannot be revealed.
    """
    from pipelines.lookup import reveal as revealed

    table = revealed(lake, entity, snapshots, dt=dt, key_file=key)
    if table.num_rows or form is not Form.table:
        terminal.write(table, form)
    if not table.num_rows:
        said = f"{entity} is not in the files of the window any more"
        typer.echo(terminal.shown(said), err=form is not Form.table)

"""`shinrai frameworks import`, `export`, `template` and `check`: frameworks as files, to and from other tools."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, force_option, json_option
from shinrai.language import Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.frameworks import Framework
    from shinrai.frameworks.formats import FolderReport, Imported, MappingWorth, Notice

HELP = {
    "import": message(
        "Turn a framework of another format into a framework file, or say in which cell or line something is wrong.\n\n"
        "Reads workbooks (XLSX), YAML, OSCAL catalogs, libraries of CISO Assistant, framework files of Probo and goal "
        "trees of aisev. A folder is imported whole, with an account of what its mappings are worth."
    ),
    "from": message("The format, if it is not to be found out from the file."),
    "language": message("Language of the file's texts where the format does not say: ja or en."),
    "import-out": message("The YAML file to write; for a folder, the folder (nothing is written without it)."),
    "export": message("Write a framework in another format. The same framework always gives the same bytes."),
    "to": message("yaml, xlsx, oscal-catalog, oscal-profile, oscal-mapping or ciso-assistant."),
    "out": message("The file to write."),
    "role": message("For a profile: whose requirements it chooses."),
    "target": message("For a mapping: the framework mapped to."),
    "original": message("For a catalog: the OSCAL catalog the framework was imported from, so that all in it is kept."),
    "template": message("Write a workbook to begin a framework of your own with: explained, with an example."),
    "check": message(
        "Check framework and mapping files of your own; without a file, everything that comes with Shinrai."
    ),
}
_SHOWN = 10


def import_command(language: Language) -> click.Command:
    """Return `import`."""

    def carry_out(
        source: Path, out: Path | None, format_: str | None, text_language: str | None, force: bool, as_json: bool
    ) -> int:
        if source.is_dir():
            return _import_folder(source, out, text_language, language, force=force, as_json=as_json)
        return _import_file(source, out, format_, text_language, language, force=force, as_json=as_json)

    options: list[click.Parameter] = [
        click.Argument(["source"], type=click.Path(path_type=Path, exists=True)),
        click.Option(["--out"], type=click.Path(path_type=Path), help=HELP["import-out"].text(language)),
        click.Option(["--from", "format_"], metavar="FORMAT", help=HELP["from"].text(language)),
        click.Option(
            ["--language", "text_language"], type=click.Choice(["ja", "en"]), help=HELP["language"].text(language)
        ),
        force_option(language),
        json_option(language),
    ]
    example = "shinrai frameworks import own.xlsx --out own.yaml\nshinrai frameworks import catalogs/"
    return command("import", language, carry_out, options, HELP["import"], example)


def _import_file(
    source: Path,
    out: Path | None,
    format_: str | None,
    text_language: str | None,
    language: Language,
    *,
    force: bool,
    as_json: bool,
) -> int:
    from shinrai.cli import tables
    from shinrai.frameworks.formats import framework_flags, import_framework

    target = out or source.with_suffix(".yaml")
    imported = import_framework(_read(source), source.name, format=format_, language=text_language)
    flags = framework_flags(imported.framework, source.name) if imported.framework else ()
    if imported.text is not None:
        _write(target, imported.text, force=force)
    if as_json:
        written = str(target) if imported.text is not None else None
        tables.as_json({**_report_json(imported), "written": written, "flags": [_notice(each) for each in flags]})
        return 0
    _show_import(imported, flags, language)
    if imported.text is not None:
        tables.line(message("Wrote {path}.", path=target), language)
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ShinraiError(message("The file {path} cannot be read: {why}.", path=path, why=error.strerror)) from error


def _write(path: Path, data: bytes, *, force: bool) -> None:
    if path.exists() and not force:
        raise ShinraiError(
            message("{path} is there already.", path=path),
            fix=message("Name another file with --out, or replace it with --force."),
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ShinraiError(message("{path} cannot be written: {why}.", path=path, why=error.strerror)) from error


def _show_import(imported: "Imported", flags: "tuple[Notice, ...]", language: Language) -> None:
    from shinrai.cli import tables

    report = imported.report
    counts = ", ".join(f"{name} {count}" for name, count in report.counts.items())
    tables.line(message("{file}: {format}; {counts}", file=report.file, format=report.format, counts=counts), language)
    for title, notices in (
        (message("Worth a look:"), flags),
        (message("Changed or supplied:"), report.warnings),
        (message("No place for it in a framework:"), report.losses),
    ):
        if not notices:
            continue
        tables.line(title, language, style="bold")
        for notice in notices[:_SHOWN]:
            tables.line(notice.text(language), language, indent=2)
        more = len(notices) - _SHOWN + (report.dropped if notices is report.losses else 0)
        if more > 0:
            tables.line(message("{n} more; all stand in --json.", n=more), language, indent=2)


def _report_json(imported: "Imported") -> dict[str, Any]:
    report = imported.report
    return {
        "file": report.file,
        "format": report.format,
        "sha256": report.sha256,
        "counts": dict(report.counts),
        "framework": imported.framework.id if imported.framework else None,
        "version": imported.framework.version if imported.framework else None,
        "mappings": len(imported.mappings),
        "warnings": [_notice(each) for each in report.warnings],
        "losses": [_notice(each) for each in report.losses],
        "dropped": report.dropped,
    }


def _notice(notice: "Notice") -> dict[str, str]:
    return {"ja": notice.text(Language.JA), "en": notice.text(Language.EN)}


def _import_folder(
    folder: Path, out: Path | None, text_language: str | None, language: Language, *, force: bool, as_json: bool
) -> int:
    from shinrai.cli import tables
    from shinrai.cli.progress import progress
    from shinrai.frameworks.formats import Imported, import_folder

    def keep(name: str, imported: Imported) -> None:
        if out is not None and imported.text is not None:
            _write(out / Path(name).with_suffix(".yaml"), imported.text, force=force)

    with progress(language, quiet=as_json) as show:
        report = import_folder(
            folder,
            language=text_language,
            progress=lambda at: show(message("{file}", file=at.file), at.done, at.files),
            keep=keep,
        )
    if as_json:
        tables.as_json(_folder_json(report))
    else:
        _show_folder(report, language)
    return 1 if any(each.error for each in report.files) else 0


def _show_folder(report: "FolderReport", language: Language) -> None:
    from shinrai.cli import tables

    failed = [each for each in report.files if each.error]
    said = message(
        "{n} files: {good} imported, {bad} with faults; {skipped} of other kinds passed over.",
        n=len(report.files),
        good=len(report.files) - len(failed),
        bad=len(failed),
        skipped=report.skipped,
    )
    tables.line(said, language, style="bold")
    for each in failed:
        if each.error is not None:
            tables.line(each.error.text(language), language, indent=2)
    flags = [flag for each in report.files for flag in each.flags]
    if flags:
        tables.line(message("Worth a look:"), language, style="bold")
        for flag in flags:
            tables.line(flag.text(language), language, indent=2)
    _show_worth(report.worth, language)


def _show_worth(worth: "MappingWorth", language: Language) -> None:
    from shinrai.cli import tables

    tables.line(message("What the mappings are worth ({n} pairs):", n=worth.pairs), language, style="bold")
    rows = [
        *((message("relation “{name}”", name=name), count) for name, count in worth.relations.items()),
        (message("with a reason"), worth.rationale),
        (message("with a reason in more than a few words"), worth.explained),
        (message("with a strength"), worth.strength),
        (message("that repeat another"), worth.duplicates),
        (message("that contradict another"), worth.contradictions),
        (message("that name a row which is not there"), worth.unknown_ids),
        (message("that name a framework which is not there"), worth.unknown_frameworks),
    ]
    shown = [(name, f"{count:,}", _percent(worth.share(count))) for name, count in rows]
    tables.table((message("Pairs"), message("Number"), message("Share")), shown, language)
    for flag in worth.flags():
        tables.line(flag.text(language), language, style="yellow")


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f} %"


def _folder_json(report: "FolderReport") -> dict[str, Any]:
    worth = report.worth
    return {
        "folder": report.folder,
        "skipped": report.skipped,
        "files": [
            {
                "file": each.file,
                "error": {lang.value: each.error.text(lang) for lang in Language} if each.error else None,
                "framework": each.id,
                "version": each.version,
                "counts": dict(each.report.counts) if each.report else {},
                "flags": [_notice(flag) for flag in each.flags],
            }
            for each in report.files
        ],
        "mappings": {
            "pairs": worth.pairs,
            "relations": dict(worth.relations),
            "rationale": worth.rationale,
            "explained": worth.explained,
            "strength": worth.strength,
            "duplicates": worth.duplicates,
            "contradictions": worth.contradictions,
            "unknownIds": worth.unknown_ids,
            "unknownFrameworks": worth.unknown_frameworks,
        },
    }


def export_command(language: Language) -> click.Command:
    """Return `export`."""

    def carry_out(
        framework: str,
        to: str,
        out: Path,
        text_language: str | None,
        role: str | None,
        target: str | None,
        original: Path | None,
        force: bool,
        as_json: bool,
    ) -> int:
        from hashlib import sha256

        from shinrai.cli import tables
        from shinrai.frameworks import Role, choose
        from shinrai.frameworks.formats import export_framework

        source = choose(framework)
        chosen = Language(text_language) if text_language else None
        if to == "oscal-mapping":
            data = _mapping_bytes(source, target, chosen or language)
        else:
            data = export_framework(
                source,
                to,
                language=chosen,
                role=Role(role) if role else None,
                original=_read(original) if original else None,
            )
        _write(out, data, force=force)
        if as_json:
            written = {"written": str(out), "format": to, "bytes": len(data), "sha256": sha256(data).hexdigest()}
            tables.as_json({"framework": source.id, "version": source.version, **written})
        else:
            tables.line(message("Wrote {path}.", path=out), language)
        return 0

    roles = ["developer", "provider", "business_user", "government", "research_institute", "citizen"]
    options: list[click.Parameter] = [
        click.Argument(["framework"]),
        click.Option(["--to"], required=True, metavar="FORMAT", help=HELP["to"].text(language)),
        click.Option(["--out"], type=click.Path(path_type=Path), required=True, help=HELP["out"].text(language)),
        click.Option(
            ["--language", "text_language"], type=click.Choice(["ja", "en"]), help=HELP["language"].text(language)
        ),
        click.Option(["--role"], type=click.Choice(roles), help=HELP["role"].text(language)),
        click.Option(["--target"], metavar="FRAMEWORK", help=HELP["target"].text(language)),
        click.Option(
            ["--original"], type=click.Path(path_type=Path, exists=True), help=HELP["original"].text(language)
        ),
        force_option(language),
        json_option(language),
    ]
    example = (
        "shinrai frameworks export jp.aigb --to xlsx --out jp.aigb.xlsx\n"
        "shinrai frameworks export jp.aigb --to oscal-mapping --target iso.42001 --out mapping.json"
    )
    return command("export", language, carry_out, options, HELP["export"], example)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A mapping as the exporter takes it: with the ids alone."""

    source: str
    target: str
    relation: str
    rationale: str | None
    state: str


def _mapping_bytes(source: "Framework", target: str | None, language: Language) -> bytes:
    from shinrai.frameworks import FrameworkKey, available, choose, load_framework
    from shinrai.frameworks.formats import dumped, mapping_collection
    from shinrai.frameworks.mapping import mapping_sets
    from shinrai.frameworks.relation import inverse

    if target is None:
        raise ShinraiError(message("A mapping needs the framework it leads to."), fix=message("Name it with --target."))
    other = choose(target)
    ends = FrameworkKey(source.id, source.version), FrameworkKey(other.id, other.version)
    pairs = []
    for each in mapping_sets([load_framework(*key) for key in available()]):
        for m in each.mappings:
            said = m.rationale.text(language) if m.rationale else None
            if (m.source.framework, m.target.framework) == ends:
                pairs.append(_Pair(m.source.id, m.target.id, m.relation.value, said, m.standing.value))
            elif (m.target.framework, m.source.framework) == ends:
                pairs.append(_Pair(m.target.id, m.source.id, inverse(m.relation).value, said, m.standing.value))
    hrefs = tuple(f"{f.id}-{f.version}.catalog.json" for f in (source, other))
    return dumped(mapping_collection(source, other, pairs, (hrefs[0], hrefs[1]), language))


def template_command(language: Language) -> click.Command:
    """Return `template`."""

    def carry_out(out: Path, force: bool) -> int:
        from shinrai.cli import tables
        from shinrai.frameworks.formats import template

        _write(out, template(), force=force)
        tables.line(message("Wrote {path}.", path=out), language)
        return 0

    options: list[click.Parameter] = [
        click.Option(["--out"], type=click.Path(path_type=Path), default=Path("framework.xlsx"), show_default=True,
                     help=HELP["out"].text(language)),
        force_option(language),
    ]  # fmt: skip
    return command("template", language, carry_out, options, HELP["template"], "shinrai frameworks template")


def check_command(language: Language) -> click.Command:
    """Return `check`."""

    def carry_out(files: tuple[Path, ...], as_json: bool) -> int:
        if not files:
            return _check_shipped(language, as_json=as_json)
        return _files_json(files) if as_json else _check_files(files, language)

    options: list[click.Parameter] = [
        click.Argument(["files"], nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False)),
        json_option(language),
    ]
    example = "shinrai frameworks check own.yaml\nshinrai frameworks check"
    return command("check", language, carry_out, options, HELP["check"], example)


def _check_files(files: tuple[Path, ...], language: Language) -> int:
    """Check each file and go on after a faulty one; returns 1 when one has faults."""
    from shinrai.cli import tables
    from shinrai.frameworks.formats import framework_flags, import_framework

    faulty = 0
    for file in files:
        try:
            data = _read(file)
            if _is_mapping(data):
                _show_mappings(data, file, language)
                continue
            imported = import_framework(data, str(file))
            flags = framework_flags(imported.framework, str(file)) if imported.framework else ()
        except ShinraiError as error:
            faulty += 1
            click.echo(error.text(language), err=True)
        else:
            _show_import(imported, flags, language)
    tables.line(message("{n} files, {bad} with faults.", n=len(files), bad=faulty), language)
    return 1 if faulty else 0


def _files_json(files: tuple[Path, ...]) -> int:
    from shinrai.cli import tables

    found = [_checked(file) for file in files]
    tables.as_json(found)
    return 1 if any(each["error"] for each in found) else 0


def _checked(file: Path) -> dict[str, Any]:
    """Return what checking one file comes to."""
    from shinrai.frameworks import available, load_framework
    from shinrai.frameworks.formats import framework_flags, import_framework
    from shinrai.frameworks.mapping import read_mappings

    found: dict[str, Any] = {"file": str(file), "error": None}
    try:
        data = _read(file)
        if _is_mapping(data):
            known = [load_framework(*key) for key in available()]
            return found | {"mappings": len(read_mappings(data, str(file), known).mappings)}
        imported = import_framework(data, str(file))
        flags = framework_flags(imported.framework, str(file)) if imported.framework else ()
    except ShinraiError as error:
        return found | {"error": {lang.value: error.text(lang) for lang in Language}}
    return found | _report_json(imported) | {"flags": [_notice(each) for each in flags]}


def _is_mapping(data: bytes) -> bool:
    return b"\nmappings:" in data


def _show_mappings(data: bytes, file: Path, language: Language) -> None:
    from shinrai.cli import tables
    from shinrai.frameworks import available, load_framework
    from shinrai.frameworks.mapping import read_mappings
    from shinrai.frameworks.worth import worth

    frameworks = [load_framework(*key) for key in available()]
    tables.line(str(file), language)
    for told in worth([read_mappings(data, str(file), frameworks)], frameworks).lines():
        tables.line(told, language, indent=2)


def _check_shipped(language: Language, *, as_json: bool) -> int:
    """Read everything that ships from its source, as a stranger's files are read."""
    from shinrai.cli import tables
    from shinrai.frameworks import available, framework_bytes, read_framework
    from shinrai.frameworks.instrument import instruments
    from shinrai.frameworks.mapping import mapping_sets
    from shinrai.frameworks.worth import worth

    frameworks = [read_framework(framework_bytes(*key), f"{key.id}/{key.version}.yaml") for key in available()]
    sets = mapping_sets(frameworks)
    found = worth(sets, frameworks)
    marks = Counter(r.certainty.value for f in frameworks for r in f.requirements)
    if as_json:
        tables.as_json(
            {
                "frameworks": len(frameworks),
                "rows": marks.total(),
                "marks": {mark: marks[mark] for mark in ("C", "C2", "M")},
                "instruments": len(instruments()),
                "mappings": {
                    "sets": found.sets,
                    "pairs": found.pairs,
                    "relations": {relation.value: count for relation, count in found.relations.items()},
                    "reviewed": found.reviewed,
                    "unknownRows": found.unknown_rows,
                },
            }
        )
        return 0
    rows = message(
        "{f} framework files, {n} rows: {c} confirmed, {c2} from secondary sources, {m} unverified.",
        f=len(frameworks),
        n=marks.total(),
        c=marks["C"],
        c2=marks["C2"],
        m=marks["M"],
    )
    tables.line(rows, language)
    tables.line(message("{n} instruments.", n=len(instruments())), language)
    for told in found.lines():
        tables.line(told, language)
    return 0

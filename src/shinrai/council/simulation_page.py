"""The simulator's results as one page without scripts: charts, and beside each its numbers as a table."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from shinrai.council.correlation import Share
from shinrai.council.simulation import ACCURACY, CLONE_ACCURACY, ERROR, Simulation
from shinrai.language import Language, Message, message

_WIDTH, _HEIGHT = 560, 260
_COLOURS = ("#0017c1", "#b30000", "#1a7f37", "#595959")
_DASHES: Sequence[Sequence[int]] = ([], [6, 3], [2, 2], [8, 3, 2, 3])
_FIGURES = re.compile(r"[0-9.,%:\[\] e–-]+")
_STYLE = """
:root{color-scheme:light}
body{font-family:system-ui,"Hiragino Sans","Noto Sans CJK JP","Noto Sans JP",sans-serif;color:#1a1a1a;background:#fff;
line-height:1.7;margin:0 auto;padding:1.5rem;max-width:60rem}
h1{font-size:1.6rem;line-height:1.4}h2{font-size:1.25rem;margin-top:2.5rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}caption{text-align:left;font-weight:bold;padding:.3rem 0}
th,td{border:1px solid #949494;padding:.35rem .6rem;text-align:left;vertical-align:top;min-width:4.5rem}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}thead th{background:#f2f2f2}
figure{margin:1rem 0}svg{max-width:100%;height:auto}.wide{overflow-x:auto}
"""


def page(simulated: Simulation, language: Language) -> str:
    """Return the whole page in one language."""

    def say(text: Message) -> str:
        return escape(text.text(language))

    title = message("What a council of {n} withstands, and what it does not", n=simulated.n)
    lead = message(
        "f = {f} members may lie, collude or be silent; {q} votes certify. Simulated figures rest on {items} questions "
        "each (seed {seed}) and carry 95 % intervals; the others are exact.",
        f=simulated.f,
        q=simulated.q,
        items=f"{simulated.runs * simulated.items:,}",
        seed=simulated.seed,
    )
    sections = [
        _quorums(simulated, language),
        _failures(simulated, language),
        _correlated(simulated, language),
        _clones(simulated, language),
        _colluders(simulated, language),
    ]
    return (
        f'<!doctype html>\n<html lang="{language.value}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{say(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{say(title)}</h1>\n<p>{say(lead)}</p>\n" + "\n".join(sections) + "\n</main>\n</body>\n</html>\n"
    )


def _section(title: Message, said: Sequence[Message], body: str, language: Language) -> str:
    words = "".join(f"<p>{escape(each.text(language))}</p>\n" for each in said)
    return f"<section>\n<h2>{escape(title.text(language))}</h2>\n{words}{body}\n</section>"


def _table(caption: Message, head: Sequence[Message], rows: Sequence[Sequence[str]], language: Language) -> str:
    """Return a table; cells of figures alone stand to the right."""
    columns = "".join(f'<th scope="col">{escape(each.text(language))}</th>' for each in head)
    body = []
    for row in rows:
        cells = [f'<th scope="row">{escape(row[0])}</th>']
        cells += [
            f'<td class="n">{escape(c)}</td>' if _FIGURES.fullmatch(c) else f"<td>{escape(c)}</td>" for c in row[1:]
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="wide" tabindex="0"><table><caption>{escape(caption.text(language))}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _quorums(simulated: Simulation, language: Language) -> str:
    none = message("impossible").text(language)
    rows = [
        [str(each.votes), f"{each.split[0]} : {each.split[1]}" if each.split else none] for each in simulated.quorums
    ]
    said = message(
        "With {f} liars who show each observer another ballot, a smaller quorum lets two opposite certificates exist "
        "as soon as the honest members are split as shown.",
        f=simulated.f,
    )
    head = (message("Votes for a certificate"), message("Split of the honest members that gives two certificates"))
    table = _table(message("Quorums on trial, n = {n}", n=simulated.n), head, rows, language)
    return _section(message("Why {q} and not fewer", q=simulated.q), [said], table, language)


_OUTCOMES = {
    "pass": message("pass"),
    "fail": message("fail"),
    "inconclusive": message("inconclusive"),
    "undecided": message("undecided"),
    "void": message("void"),
}


def _failures(simulated: Simulation, language: Language) -> str:
    rows = [
        [
            each.what.text(language),
            _OUTCOMES[each.outcome].text(language),
            str(each.certificates),
            each.note.text(language),
        ]
        for each in simulated.table
    ]
    head = (
        message("Situation"),
        message("Outcome"),
        message("Certificates that can be shown"),
        message("What is noticed"),
    )
    caption = message("Each situation was counted by the code that counts real rounds.")
    return _section(message("Failure table"), [], _table(caption, head, rows, language), language)


def _correlated(simulated: Simulation, language: Language) -> str:
    single = message("one judge alone").text(language)
    together = message("{n} members, {q} votes needed", n=simulated.n, q=simulated.q).text(language)
    points = [{"x": each.rho, "y": each.wrong, "series": together} for each in simulated.correlated]
    points += [{"x": each.rho, "y": ERROR, "series": single} for each in simulated.correlated]
    chart = _chart(points, message("Correlation of errors"), message("Wrong certificates"), language)
    rows = [[f"{each.rho:g}", f"{each.effective:.1f}", _probability(each.wrong)] for each in simulated.correlated]
    head = (message("Correlation of errors"), message("Votes they are worth"), message("Wrong certificates"))
    said = message(
        "Each member errs on {error} of the questions. The more they err together, the less their number helps: "
        "members that err alike are one costly judge. Exact, beta-binomial.",
        error=f"{ERROR:.0%}",
    )
    table = _table(message("Probability of a wrong certificate"), head, rows, language)
    return _section(message("Errors that come together"), [said], chart + table, language)


def _clones(simulated: Simulation, language: Language) -> str:
    words = [
        message("Wrong certificates, members alone").text(language),
        message("Wrong certificates, with domains").text(language),
        message("Certified rightly, with domains").text(language),
    ]
    points, rows = [], []
    for size, found in simulated.clones:
        shares = (found.members_wrong, found.both_wrong, found.both_right)
        points += [{"x": size, "y": s.value, "series": word} for s, word in zip(shares, words, strict=True)]
        belief = f"{found.dawid_skene_on_clones:.0%}" if size else "–"
        shown = (found.majority_right, found.dawid_skene_right, *shares)
        rows.append([str(size), *map(_share, shown), belief])
    chart = _chart(points, message("Clones among {n} members", n=simulated.n), message("Share of questions"), language)
    head = (
        message("Clones"),
        message("Majority is right"),
        message("Dawid–Skene is right"),
        message("Wrong certificates, members alone"),
        message("Wrong certificates, with domains"),
        message("Certified rightly, with domains"),
        message("What Dawid–Skene believes of the clones"),
    )
    said = [
        message(
            "Clones of one judge that is right on {clone} of the questions, beside independent members right on "
            "{other}. Counting domains of failure as well takes the clones' number from them.",
            clone=f"{CLONE_ACCURACY:.0%}",
            other=f"{ACCURACY:.0%}",
        ),
        message(
            "Weights learnt from agreement make it worse: Dawid–Skene believes the clones are nearly perfect, because "
            "they agree with themselves. That is why no statistic ever weights a vote here."
        ),
    ]
    table = _table(message("Clones of one judge"), head, rows, language)
    return _section(message("Clones"), said, chart + table, language)


def _colluders(simulated: Simulation, language: Language) -> str:
    words = [message("wrong certificates").text(language), message("certified rightly").text(language)]
    points, rows = [], []
    for number, found in simulated.colluders:
        shares = (found.both_wrong, found.both_right)
        points += [{"x": number, "y": s.value, "series": word} for s, word in zip(shares, words, strict=True)]
        rows.append([str(number), *map(_share, shares)])
    title = message("Colluders among {n} members", n=simulated.n)
    chart = _chart(points, title, message("Share of questions"), language)
    head = (message("Colluders"), message("Wrong certificates"), message("Certified rightly"))
    said = message(
        "Colluders know the answer and deny it; the others are right on {accuracy} of the questions, each for itself. "
        "Up to f colluders can block, and get a wrong verdict only where most of the others err by themselves.",
        accuracy=f"{ACCURACY:.0%}",
    )
    table = _table(message("Colluders"), head, rows, language)
    return _section(message("Collusion"), [said], chart + table, language)


def _share(share: Share) -> str:
    bounds = share.interval
    return f"{share.value:.1%} [{bounds.low:.1%}, {bounds.high:.1%}]"


def _probability(value: float) -> str:
    return f"{value:.1e}" if value < 0.001 else f"{value:.1%}"


def _chart(points: list[dict[str, Any]], x: Message, y: Message, language: Language) -> str:
    import vl_convert

    series = list(dict.fromkeys(point["series"] for point in points))
    axis = {"labelFontSize": 13, "titleFontSize": 13, "gridColor": "#d9d9d9"}
    scale = {"domain": series, "range": list(_COLOURS[: len(series)])}
    dashes = {"domain": series, "range": [list(dash) for dash in _DASHES[: len(series)]]}
    legend = {"orient": "top", "columns": 1, "labelFontSize": 13, "labelLimit": 500, "title": None}
    legend |= {"symbolType": "stroke", "symbolSize": 900, "symbolStrokeWidth": 3}
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": _WIDTH,
        "height": _HEIGHT,
        "background": "#ffffff",
        "data": {"values": points},
        "mark": {"type": "line", "point": {"size": 60}, "strokeWidth": 2.5},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "title": x.text(language), "axis": axis},
            "y": {
                "field": "y",
                "type": "quantitative",
                "title": y.text(language),
                "axis": {**axis, "format": "%"},
            },
            "color": {"field": "series", "type": "nominal", "scale": scale, "legend": legend},
            "strokeDash": {"field": "series", "type": "nominal", "scale": dashes, "legend": legend},
        },
    }
    drawn = str(vl_convert.vegalite_to_svg(spec, vl_version="6.4", allowed_base_urls=[]))
    name = message("{y} by {x}; the table below has the numbers.", x=x, y=y).text(language)
    # The picture is one thing to a screen reader; its numbers stand in the table.
    body = drawn[drawn.index(">") + 1 :]
    head = drawn[: drawn.index(">")].replace("<svg", f'<svg role="img" aria-label="{escape(name, quote=True)}"', 1)
    return f"<figure>{head}>{body}</figure>"

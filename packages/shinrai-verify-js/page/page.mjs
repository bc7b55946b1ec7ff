// The page: two files in, the outcome out. Nothing leaves the browser; the policy of the page forbids every connection.

import { Fault } from "./encoding.mjs";
import { councilOf } from "./count.mjs";
import { canVerify } from "./keys.mjs";
import { verify } from "./steps.mjs";
import { say } from "./texts.mjs";
import { conclusionOf, verdictText } from "./told.mjs";
import { readPolicy } from "./trust.mjs";

const MAX_SMALL = 1024 * 1024;
const WORDS = {
  en: {
    title: "Verify an evidence bundle",
    lead: "This page checks in your browser that a bundle, or the record of a council's round, is authentic and complete. The files stay on this device: the page opens no connection, so you can go offline first.",
    drop: "Drop the files here, or choose them.",
    bundle: "Bundle or record of a round (.zip)",
    trust: "Trust file (trust.json)",
    trustHint: "It says whose keys and log you believe. It must have reached you by another way than the bundle; one that came with it proves nothing.",
    seen: "Checkpoint you saw last (optional)",
    seenHint: "With it, a log that was rolled back or rewritten since then is noticed.",
    go: "Verify",
    reading: "Reading and checking…",
    done: "Checked. {conclusion}",
    choose: "Choose a bundle or record, and a trust file.",
    unusable: "Nothing was verified: {reason}",
    levels: "Two levels",
    steps: "Steps",
    lacking: "What is missing",
    nothing: "Nothing is missing or withheld.",
    missing: "Missing: {name}",
    withheld: "Withheld: {name}",
    outcomes: "What the council decided",
    notPassed: "Verified does not mean passed: read the decisions below and the report.",
    recordNotPassed:
      "Verified does not mean passed: read the decisions below. This is the record of a round held by itself; no assessment goes with it.",
    about: "About",
    system: "System",
    bundleId: "Bundle (SHA-256 of the manifest)",
    log: "Log",
    exit: "Exit class",
    keep: "Save the log's head for the next visit (checkpoint.txt)",
    marks: ["good", "refused", "incomplete", "not met"],
    limitsTitle: "What verification does not mean",
    limits: [
      "It does not mean that the system passed. It means that the verdicts shown are those that were given.",
      "It does not mean that the numbers are true: whoever holds the keys can sign a false number. Nothing is measured again here.",
      "It does not mean that the data stand for reality, or that the checks were the right ones.",
      "It does not tell when something happened, unless witnesses or time stamps that you demand say so; the order in the log is proven.",
      "It does not tell that everyone sees the same log. Compare checkpoints with others, or demand witnesses.",
      "It is only as good as this page and this browser: get the page from a place that you trust, and compare its digest.",
    ],
    footer: "A second, independent verifier beside shinrai-verify. Both read the same published format.",
  },
  ja: {
    title: "証拠バンドルの検証",
    lead: "証拠バンドルや評議の記録が真正で、欠けているものがないかを、ブラウザーの中だけで確かめます。ファイルがこの端末の外に出ることはありません。通信は一切行わないため、先にネットワークを切断しても検証できます。",
    drop: "ファイルをここにドロップするか、選択してください。",
    bundle: "証拠バンドルまたは評議の記録（.zip）",
    trust: "トラストファイル（trust.json）",
    trustHint: "どの鍵とログを信頼するかを定めるものです。必ず証拠バンドルとは別の経路で受け取ってください。添えられてきたものでは、何も証明できません。",
    seen: "前回確認したチェックポイント（任意）",
    seenHint: "指定すると、その後にログが巻き戻されたり書き換えられたりした場合に検出できます。",
    go: "検証する",
    reading: "読み取り、確認しています…",
    done: "確認が終わりました。{conclusion}",
    choose: "証拠バンドルまたは評議の記録と、トラストファイルを選択してください。",
    unusable: "検証は行っていません：{reason}",
    levels: "二つの水準",
    steps: "確認の段階",
    lacking: "欠けているもの",
    nothing: "欠けているもの、非開示のものはありません。",
    missing: "欠落：{name}",
    withheld: "非開示：{name}",
    outcomes: "評議会の決定",
    notPassed: "検証成功は合格を意味しません。下の決定と報告書をご覧ください。",
    recordNotPassed: "検証成功は合格を意味しません。下の決定をご覧ください。これは単独で行われた評議の記録であり、評価結果は伴いません。",
    about: "対象",
    system: "システム",
    bundleId: "証拠バンドル（目録のSHA-256）",
    log: "ログ",
    exit: "終了区分",
    keep: "次回のためにログの先頭を保存する（checkpoint.txt）",
    marks: ["良好", "不可", "不完全", "未達"],
    limitsTitle: "検証が意味しないこと",
    limits: [
      "システムの合格を意味しません。示された評決が、実際に下された評決であることを意味します。",
      "数値の正しさを意味しません。鍵を持つ者は、偽の数値にも署名できます。ここで測定をやり直すことはありません。",
      "データが実態を表していること、検査の選び方が適切であることを意味しません。",
      "いつ行われたかは、求めた立会人やタイムスタンプがない限り分かりません。証明されるのはログの中の順序です。",
      "全員が同じログを見ていることを意味しません。ほかの人とチェックポイントを見比べるか、立会人を条件にしてください。",
      "このページとブラウザー自体の信頼性を超えることはできません。信頼できる場所から入手し、ダイジェストを照合してください。",
    ],
    footer: "shinrai-verifyとは別に作られた、もう一つの検証プログラムです。どちらも公開された同じ形式に従います。",
  },
};

const $ = (id) => document.getElementById(id);
const asked = () => location.hash.slice(1) || (navigator.language.startsWith("ja") ? "ja" : "en");
let language = "en";
let shownOutcome = null;

const word = (name, fields = {}) => WORDS[language][name].replace(/\{(\w+)\}/g, (_, field) => fields[field] ?? "");

function make(tag, content = "", attributes = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...[content].flat());
  return element;
}

function setLanguage(chosen) {
  language = chosen === "ja" ? "ja" : "en";
  document.documentElement.lang = language;
  document.title = `${word("title")} | 信頼 Shinrai`;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = word(element.dataset.t);
  for (const name of ["ja", "en"]) $(name).setAttribute("aria-pressed", String(name === language));
  $("limits").replaceChildren(...WORDS[language].limits.map((text) => make("li", text)));
  if (shownOutcome) show(shownOutcome);
}

const fileSource = (file) => ({
  name: file.name,
  size: file.size,
  read: async (offset, length) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()),
});

async function small(file) {
  if (file.size > MAX_SMALL) throw new Fault("too-large", { what: file.name, limit: MAX_SMALL });
  return new Uint8Array(await file.arrayBuffer());
}

function stepList(steps) {
  const marks = WORDS[language].marks;
  const item = ({ code, exitClass, text, fields }) =>
    make("li", [
      make("b", `${"✓✗…!"[exitClass]} ${code} ${marks[exitClass]}`, { class: `class${exitClass}` }),
      make("span", say(language, text, fields)),
    ]);
  return make("ul", steps.map(item), { class: "steps" });
}

function described(pairs) {
  return make("dl", pairs.flatMap(([term, text]) => [make("dt", term), make("dd", text)]));
}

function lacking(outcome) {
  const names = ["missing", "withheld"].flatMap((kind) => outcome[kind].map((name) => word(kind, { name: say(language, "{name}", { name }) })));
  const others = outcome.steps.filter((step) => step.exitClass === 2 && step.code !== "V1");
  names.push(...others.map(({ text, fields }) => say(language, text, fields)));
  return names.length ? make("ul", names.map((name) => make("li", name))) : make("p", word("nothing"));
}

function outcomes(outcome) {
  const council = councilOf(outcome.roster);
  const pairs = [...outcome.tallies].map(([control, counted]) => [control, verdictText(outcome, control, counted, language)]);
  const found = [make("h3", word("outcomes")), make("p", say(language, "council", council)), described(pairs)];
  const causes = council.commonCausesOverF.join(", ");
  if (causes) found.push(make("p", say(language, "causes", { f: council.f, causes })));
  return found;
}

function about(outcome) {
  const { subject, bundleId, head } = outcome;
  const pairs = [[word("exit"), String(outcome.exitCode)]];
  const plain = (value) => say(language, "{value}", { value });
  if (subject) pairs.push([word("system"), plain(`${subject.name ?? ""} ${subject.version ?? ""}`)]);
  if (bundleId) pairs.push([word("bundleId"), bundleId]);
  if (head) pairs.push([word("log"), plain(`${head.origin} (${head.size})`)]);
  return [make("h3", word("about")), described(pairs)];
}

function keepLink(outcome) {
  const url = `data:text/plain;charset=utf-8,${encodeURIComponent(new TextDecoder().decode(outcome.headBytes))}`;
  return make("p", make("a", word("keep"), { href: url, download: "checkpoint.txt" }));
}

function show(outcome) {
  shownOutcome = outcome;
  const { exitCode, levels, steps } = outcome;
  const conclusion = make("h2", say(language, conclusionOf(outcome)), { id: "conclusion", class: `conclusion class${exitCode}`, tabindex: "-1" });
  const level = (name) => ({ code: name, exitClass: levels[name], text: name, fields: {} });
  const parts = [conclusion];
  if (exitCode === 0) parts.push(make("p", word(outcome.record ? "recordNotPassed" : "notPassed")));
  parts.push(...about(outcome), make("h3", word("levels")), stepList(["L1", "L2"].map(level)));
  // Of what was tampered with, nothing further is believable: neither what is missing nor what was decided.
  if (exitCode !== 1) parts.push(make("h3", word("lacking")), lacking(outcome), ...outcomes(outcome));
  parts.push(make("h3", word("steps")), stepList(steps));
  if (exitCode !== 1) parts.push(keepLink(outcome));
  $("result").replaceChildren(...parts);
  $("result").hidden = false;
}

function announce(text) {
  $("status").textContent = text;
}

async function run(event) {
  event.preventDefault();
  const [bundle] = $("bundle").files;
  const [trust] = $("trust").files;
  const [seen] = $("seen").files;
  if (!bundle || !trust) return announce(word("choose"));
  shownOutcome = null;
  $("result").hidden = true;
  $("go").disabled = true;
  $("progress").hidden = false;
  $("progress").value = 0;
  announce(word("reading"));
  let read = 0;
  const onPiece = (size) => {
    read += size;
    $("progress").value = Math.min(1, read / Math.max(1, bundle.size));
  };
  try {
    if (!(await canVerify())) throw new Fault("no-engine");
    const policy = readPolicy(await small(trust), trust.name);
    const lastSeen = seen ? await small(seen) : null;
    const outcome = await verify(fileSource(bundle), policy, { lastSeen, onPiece });
    show(outcome);
    announce(word("done", { conclusion: say(language, conclusionOf(outcome)) }));
    $("conclusion").focus();
  } catch (error) {
    const reason = error instanceof Fault ? say(language, error.text, error.fields) : String(error);
    announce(word("unusable", { reason }));
  } finally {
    $("go").disabled = false;
    $("progress").hidden = true;
  }
}

function take(files) {
  for (const file of files) {
    const held = new DataTransfer();
    held.items.add(file);
    $(/\.json$/i.test(file.name) ? "trust" : /\.txt$/i.test(file.name) ? "seen" : "bundle").files = held.files;
  }
}

const drop = $("drop");
for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer.files);
});
$("form").addEventListener("submit", run);
for (const name of ["ja", "en"]) $(name).addEventListener("click", () => setLanguage(name));
setLanguage(asked());

// What log points print is kept by the moment that it is about: to go there, whichever way the run has come.
import assert from "node:assert/strict";
import { createMessages } from "../../sim/session/messages.ts";
import { openDebugSession } from "../../sim/session.ts";
import { realHost } from "../debug/real.ts";
import { go } from "./answers.ts";

const text = [
  "process a",
  "a: p = mmap(0, 16KiB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
  "repeat 4 as i {",
  "  a: store(p + 4096 * i, i)",
  "}",
  "a: munmap(p, 16KiB)",
].join("\n");

function stopped() {
  const session = openDebugSession({ ...realHost, read: () => text }, { program: "test.mshare" });
  assert.ok(!("refused" in session));
  const stopAt6 = { line: 6 };
  session.setLineBreakpoints("test.mshare", [{ line: 4, logMessage: "store {i}" }, stopAt6]);
  session.setEventBreakpoints([{ text: "page fault", logMessage: "fault" }]);
  assert.equal(go(session, { kind: "continue" }).reason, "breakpoint");
  const texts = () => session.messages().map(({ description }) => description);
  return { session, texts };
}
const ALL = ["store 0", "fault", "store 1", "fault", "store 2", "fault", "store 3", "fault"];

describe("messages of breakpoints", function () {
  this.timeout(60_000);

  it("have the step, the task and the statement that they are about, also in the console", () => {
    const { session, texts } = stopped();
    assert.deepEqual(texts(), ALL);
    for (const { step, task, line, description } of session.messages()) {
      assert.deepEqual([task, line], ["a", 4], description);
      go(session, { kind: "goto", step });
      assert.equal(session.now, step);
      const i = session.evaluate("i", 1);
      if (description !== "fault") assert.equal(`store ${"value" in i ? i.value : ""}`, description);
    }
    const printed = session.takeOutput().filter(({ category }) => category === "console");
    assert.deepEqual(
      printed.slice(0, 2).map(({ text: line, file, line: at }) => [line, file, at]),
      [
        ["store 0", "test.mshare", 4],
        ["fault", "test.mshare", 4],
      ],
    );
  });

  it("are there once, however often the run comes by, and stay on the way back", () => {
    const { session, texts } = stopped();
    const first = session.messages();
    go(session, { kind: "goto", step: first[2]!.step });
    assert.deepEqual(texts(), ALL);
    go(session, { kind: "continue" });
    assert.deepEqual(session.messages(), first);
  });

  it("end where another future begins", () => {
    const { session, texts } = stopped();
    const second = session.messages()[2]!;
    go(session, { kind: "goto", step: second.step });
    const changed = session.write("variable:a.p", "a.p");
    assert.ok(!("error" in changed), JSON.stringify(changed));
    assert.deepEqual(texts(), ALL.slice(0, 3));
  });

  it("of very many the latest are kept", () => {
    const messages = createMessages();
    const at = (step: number) => ({ step, description: "here", task: "a", file: "", line: 0 });
    for (let step = 1; step <= 10_005; step++) messages.tell(at(step));
    assert.equal(messages.all().length, 10_000);
    assert.deepEqual([messages.all()[0]!.step, messages.all().at(-1)!.step], [6, 10_005]);
    messages.tell({ ...at(7), description: "there" });
    assert.deepEqual(
      messages
        .all()
        .slice(0, 2)
        .map(({ step, description }) => [step, description]),
      [
        [7, "here"],
        [7, "there"],
      ],
    );
  });
});

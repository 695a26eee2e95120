// The tables against their origins: the contract's lists, and the C headers of this machine where there is a compiler.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _IO, _IOR, _IOW, _IOWR, ioctlSizeBytes } from "../../sim/kernel/uapi/ioctl.ts";
import { bugKinds } from "../../sim/scenario/bug_kinds.ts";
import { accessCalls, linuxCalls } from "../../sim/scenario/calls.ts";
import { linuxConstants } from "../../sim/scenario/constants.ts";
import { fixedEvents } from "../../sim/scenario/events.ts";
import { functions } from "../../sim/scenario/functions.ts";
import { ioctlCalls } from "../../sim/scenario/ioctls.ts";
import { machineOptions } from "../../sim/scenario/machine_options.ts";
import { nearest } from "../../sim/scenario/nearest.ts";
import { cpuOperations, kernelOperations } from "../../sim/scenario/operations.ts";

const named = (specs: readonly { readonly name: string }[]) => new Set(specs.map((spec) => spec.name));

function hasAll(specs: readonly { readonly name: string }[], words: string): void {
  const names = named(specs);
  assert.deepEqual(
    words.split(/\s+/).filter((word) => !names.has(word)),
    [],
  );
}

describe("tables", () => {
  it("have every call of the contract", () => {
    hasAll(
      [...linuxCalls, ...ioctlCalls],
      "open close read write unlink rename mkdir rmdir ioctl ftruncate memfd_create mmap munmap mremap mprotect madvise mincore fork exit wait userfaultfd pagemap smaps status",
    );
    hasAll(accessCalls, "load store touch exec");
    hasAll(kernelOperations, "swap_out reclaim oom_kill compact split_huge_pages migrate exit_idle");
    hasAll(cpuOperations, "switch_to idle");
  });

  it("have every function, event and machine option of the contract", () => {
    hasAll(functions, "mm host_mm vma pgd p4d pud pmd pte walk page tlb status stat meminfo pagemap smaps count fixed");
    hasAll(
      fixedEvents,
      "page_fault tlb_flush switch_mm ipi set_pgd set_p4d set_pud set_pmd set_pte pgd_populate p4d_populate pud_populate pmd_populate alloc_page free_page alloc_table free_table lock unlock get_page put_page",
    );
    hasAll(machineOptions, "cpus memory levels swap hugepages thp pcid");
    const more = ["swap_device", "page_cluster"];
    assert.deepEqual(
      machineOptions.filter((option) => !more.includes(option.name)).map((option) => option.default),
      ["2", "1GiB", "4", "0", "0", "never", "false"],
    );
  });

  it("have every kind of bug", () => {
    hasAll(
      bugKinds,
      "use-after-free double-free refcount-underflow refcount-leak page-table-leak dangling-page-table rss-mismatch accounting-mismatch missing-tlb-flush stale-tlb-access lock-imbalance lock-recursion lock-inversion lock-held missing-lock deadlock livelock null-deref permission-bypass notifier-missed data-mismatch oom-stuck kernel-warning",
    );
    assert.equal(bugKinds.length, 23);
  });

  it("explain every constant", () => {
    assert.deepEqual(
      linuxConstants.filter((constant) => !constant.doc).map((constant) => constant.name),
      [],
    );
    assert.equal(named(linuxConstants).size, linuxConstants.length);
  });

  it("compose ioctl numbers as Linux does", () => {
    // From the kernel's own headers: FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, UFFDIO_API, TIOCEXCL-like plain numbers.
    assert.equal(_IOR("f", 1, 8), 0x80086601);
    assert.equal(_IOW("f", 2, 8), 0x40086602);
    assert.equal(_IOWR(0xaa, 0x3f, 24), 0xc018aa3f);
    assert.equal(_IO("x", 5), 0x7805);
    assert.equal(ioctlSizeBytes(0xc018aa3f), 24);
  });

  it("agree with the C headers of this machine", function () {
    const values = headerValues();
    if (!values) return this.skip();
    // glibc hides O_LARGEFILE on 64 bits, where it changes nothing.
    const wrong = linuxConstants.filter(
      ({ name, value }) => name !== "O_LARGEFILE" && values.has(name) && values.get(name) !== value,
    );
    assert.deepEqual(
      wrong.map((constant) => constant.name),
      [],
    );
    assert.ok(values.size > 150, `only ${values.size} constants compared`);
  });
});

describe("nearest names", () => {
  it("finds slips of the finger", () => {
    assert.equal(nearest("mising-tlb-flush", named(bugKinds))[0], "missing-tlb-flush");
    assert.equal(nearest("mmpa", ["mmap", "munmap"])[0], "mmap");
    assert.equal(nearest("einval", ["EINVAL", "EIO"])[0], "EINVAL");
    assert.deepEqual(nearest("banana", ["mmap", "munmap"]), []);
  });
});

/** Values that a C compiler sees, or undefined where there is none. */
function headerValues(): Map<string, bigint> | undefined {
  const headers =
    "errno.h fcntl.h signal.h sys/ioctl.h sys/wait.h sys/stat.h linux/mman.h asm/mman.h linux/memfd.h linux/falloc.h linux/userfaultfd.h linux/kvm.h";
  const lines = linuxConstants.map(
    ({ name }) => `#ifdef ${name}\nprintf("${name} %llu\\n", (unsigned long long)(${name}));\n#endif`,
  );
  const source = `#define _GNU_SOURCE\n#include <stdio.h>\n${headers
    .split(" ")
    .map((header) => `#include <${header}>`)
    .join("\n")}\nint main(void) {\n${lines.join("\n")}\n}\n`;
  const folder = mkdtempSync(join(tmpdir(), "mshare-"));
  try {
    writeFileSync(join(folder, "c.c"), source);
    execFileSync("cc", ["-w", "-o", join(folder, "c"), join(folder, "c.c")], { stdio: "ignore" });
    const output = execFileSync(join(folder, "c"), { encoding: "utf8" });
    return new Map(
      output
        .trim()
        .split("\n")
        .map((line) => [line.split(" ")[0], BigInt(line.split(" ")[1])]),
    );
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

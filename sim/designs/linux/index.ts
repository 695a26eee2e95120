// Linux as it is, with no page-table sharing but hugetlb's.
import type { Design } from "../design.ts";
import { historicBugs } from "./bugs.ts";

export const linux: Design = {
  name: "linux",
  title: "Linux, unpatched",
  doc: "The memory manager of Linux 6.18 as measured. `version: 6.12` is the older one: MADV_DONTNEED keeps empty page tables, and top-level tables do not count in PageTables.",
  version: "6.18",
  options: [
    {
      name: "version",
      doc: "Which Linux.",
      values: ["6.18", "6.12"],
      default: "6.18",
    },
    {
      name: "pt_reclaim",
      doc: "Whether MADV_DONTNEED frees the page tables that it has emptied (CONFIG_PT_RECLAIM): as the version does, 6.18 on and 6.12 off, or one of these.",
      values: ["default", "on", "off"],
      default: "default",
    },
  ],
  calls: [],
  constants: [],
  bugs: historicBugs,
  patch: { stepping: [], straight: [], structures: [], events: {}, operations: {}, init: [] },
};

// The tree of a scenario. Every node has its place in the text as offsets, end exclusive. A file with mistakes has a
// tree too: what could not be read is an `error` item, an expression that is not there is `missing`.

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A name with its place. Hyphenated names (`mshare-v3`) are one Name. */
export interface Name extends Span {
  readonly text: string;
}

export type UnaryOperator = "-" | "+" | "!" | "~";
export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=";
export type BinaryOperator =
  | CompareOperator
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "<<"
  | ">>"
  | "&"
  | "|"
  | "^"
  | "&&"
  | "||";

export interface IntegerExpr extends Span {
  readonly kind: "integer";
  readonly value: bigint;
}
export interface StringExpr extends Span {
  readonly kind: "string";
  /** Without quotes, escapes resolved. */
  readonly value: string;
}
/** A variable, let, constant, process, or `true`, `false`, `null`. */
export interface NameExpr extends Span {
  readonly kind: "name";
  readonly name: string;
}
export interface UnaryExpr extends Span {
  readonly kind: "unary";
  readonly operator: UnaryOperator;
  readonly operand: Expr;
}
export interface BinaryExpr extends Span {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
}
export interface ConditionalExpr extends Span {
  readonly kind: "conditional";
  readonly condition: Expr;
  readonly then: Expr;
  readonly otherwise: Expr;
}
export interface GroupExpr extends Span {
  readonly kind: "group";
  readonly inner: Expr;
}
/** `f(a, b)`; in a statement the call of a process. */
export interface CallExpr extends Span {
  readonly kind: "call";
  readonly name: Name;
  readonly args: readonly Expr[];
}
export interface FieldExpr extends Span {
  readonly kind: "field";
  readonly object: Expr;
  readonly field: Name;
}
export interface MethodExpr extends Span {
  readonly kind: "method";
  readonly object: Expr;
  readonly method: Name;
  readonly args: readonly Expr[];
}
export interface IndexExpr extends Span {
  readonly kind: "index";
  readonly object: Expr;
  readonly index: Expr;
}
/** `{ start: 2TiB, size: 512GiB }`, only as an argument of a call. */
export interface StructExpr extends Span {
  readonly kind: "struct";
  readonly fields: readonly StructField[];
}
export interface StructField extends Span {
  readonly name: Name;
  readonly value: Expr;
}
export interface MissingExpr extends Span {
  readonly kind: "missing";
}

export type Expr =
  | IntegerExpr
  | StringExpr
  | NameExpr
  | UnaryExpr
  | BinaryExpr
  | ConditionalExpr
  | GroupExpr
  | CallExpr
  | FieldExpr
  | MethodExpr
  | IndexExpr
  | StructExpr
  | MissingExpr;

/** A process, one or all of an array, or a thread of one. */
export interface ProcessActor extends Span {
  readonly kind: "process";
  readonly name: Name;
  /** `NAME[expr]`, or "all" for `NAME[*]`. */
  readonly index?: Expr | "all";
  readonly thread?: Name;
}
export interface KernelActor extends Span {
  readonly kind: "kernel";
}
export interface CpuActor extends Span {
  readonly kind: "cpu";
  readonly number: Expr;
}
export type Actor = ProcessActor | KernelActor | CpuActor;

/** `option: value`. Which reading of the value counts depends on the option: a word may hold hyphens. */
export interface Option extends Span {
  readonly name: Name;
  /** The value as a word, where it can be one: `none`, `on-demand`. */
  readonly word?: Name;
  /** The value as an expression. */
  readonly value?: Expr;
  /** The value as a list of names: `[ID, ID]`. */
  readonly list?: readonly Name[];
}

export interface KernelDeclaration extends Span {
  readonly kind: "kernel-declaration";
  readonly design: Name;
  readonly options: readonly Option[];
}
export interface MachineDeclaration extends Span {
  readonly kind: "machine";
  readonly options: readonly Option[];
}
export interface ProcessDeclaration extends Span {
  readonly kind: "process-declaration";
  readonly name: Name;
  /** `NAME[COUNT]`. */
  readonly count?: Expr;
  readonly cpu?: Expr;
}
export interface ThreadDeclaration extends Span {
  readonly kind: "thread";
  /** The process, without `thread`. */
  readonly process: ProcessActor;
  readonly name: Name;
  readonly cpu?: Expr;
}
export interface ScheduleEntry extends Span {
  readonly actor: Actor;
  /** `A*12`: so many steps. */
  readonly steps?: Expr;
  /** `A until EVENT`. Neither: to its end. */
  readonly until?: Name;
}
export interface ScheduleDeclaration extends Span {
  readonly kind: "schedule";
  readonly policy: SchedulePolicy;
}
export type SchedulePolicy =
  | { readonly kind: "sequential" }
  | { readonly kind: "random"; readonly seed: Expr }
  /** `engine`: the version of the engine that wrote the list, `schedule [A*12] engine "0.1.0"`. */
  | { readonly kind: "list"; readonly entries: readonly ScheduleEntry[]; readonly engine?: StringExpr };

export interface LetDeclaration extends Span {
  readonly kind: "let";
  readonly name: Name;
  readonly value: Expr;
}
export interface IncludeDeclaration extends Span {
  readonly kind: "include";
  readonly path: StringExpr;
}

export type Clause = CompareClause | FailsClause | FaultsClause;
export interface CompareClause extends Span {
  readonly kind: "compare";
  readonly operator: CompareOperator;
  readonly value: Expr;
}
export interface FailsClause extends Span {
  readonly kind: "fails";
  readonly errno: Name;
}
export interface FaultsClause extends Span {
  readonly kind: "faults";
  /** `SIGSEGV`, `SIGBUS` or `OOM`. */
  readonly signal: Name;
}

/** `A: x = call(…) clause`; also operations of `kernel:` and `cpu N:`. */
export interface CallStatement extends Span {
  readonly kind: "call-statement";
  /** Inside `A { … }` the block's own actor node. */
  readonly actor: Actor;
  readonly variable?: Name;
  readonly call: CallExpr;
  readonly clause?: Clause;
}
export interface ActorBlock extends Span {
  readonly kind: "actor-block";
  readonly actor: Actor;
  readonly body: readonly Item[];
  /** The `{`. */
  readonly open: number;
}
export interface ParallelBlock extends Span {
  readonly kind: "parallel";
  readonly body: readonly Item[];
  readonly open: number;
}
export interface RepeatBlock extends Span {
  readonly kind: "repeat";
  readonly count: Expr;
  readonly variable?: Name;
  readonly body: readonly Item[];
  readonly open: number;
}
export interface ExpectStatement extends Span {
  readonly kind: "expect";
  readonly condition: Expr;
}
export interface ExpectBugStatement extends Span {
  readonly kind: "expect-bug";
  readonly bug: Name;
  readonly at?: Name;
  readonly unlessFixed?: Name;
}
export interface ExpectNoBugStatement extends Span {
  readonly kind: "expect-no-bug";
}
export interface AllowStatement extends Span {
  readonly kind: "allow";
  /** Empty for `allow bugs`. */
  readonly bugs: readonly Name[];
  readonly all: boolean;
}
export interface LabelStatement extends Span {
  readonly kind: "label";
  readonly name: Name;
}
/** Text that could not be read. */
export interface ErrorItem extends Span {
  readonly kind: "error";
}

export type Declaration =
  | KernelDeclaration
  | MachineDeclaration
  | ProcessDeclaration
  | ThreadDeclaration
  | ScheduleDeclaration
  | LetDeclaration
  | IncludeDeclaration;

export type Statement =
  | CallStatement
  | ActorBlock
  | ParallelBlock
  | RepeatBlock
  | ExpectStatement
  | ExpectBugStatement
  | ExpectNoBugStatement
  | AllowStatement
  | LabelStatement;

export type Item = Declaration | Statement | ErrorItem;

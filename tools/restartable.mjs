// Kernel functions whose calls can be taken apart and put together again (sim/core/frames.ts): JavaScript can neither copy a
// generator nor look into it, so each function is written such that it can leave its place and its variables behind, and be
// entered again in its middle. The shape of the function stays, and so do its lines:
//
//   function* f(k, page) {                     function* f(k, page) { let $r = 0, $at = 0, n; if (k.frames.isEntering) …; try {
//     const n = yield* k.g(page);                n = yield* ($r === 1 ? ($r = 0, k.frames.again()) : ($at = 1, k.g(page)));
//     if (n > 0) {                               if ($r > 1 ? $r <= 2 : n > 0) {
//       yield k.trace.seen(page);                  ($r === 2 ? $r = 0 : ($at = 2, k.trace.seen(page)), k.machine.goesOn) ||
//     }                                            (yield k.machine.event); }
//     done(page);                                done(page);
//   }                                          } catch ($e) { … k.frames.leave(f, $at, [page, n]); throw $e; } }
//
// The places where a function can be left, its `yield`s, are numbered in the order of the text. `$at` is the one where it
// is; `$r` the one that it is entered at, 0 as soon as that is reached: until then everything is skipped that does not contain it.
// Where nobody wants to be asked before the next step, a step does not stop at all.
const isFunction = ({ type }) => /Function/.test(type);

/** How many yields a node has of its own. */
function yieldsIn(node, known) {
  if (!node || typeof node !== "object") return 0;
  if (known.has(node)) return known.get(node);
  let count = node.type === "YieldExpression" ? 1 : 0;
  for (const [key, value] of Object.entries(node)) {
    if (key === "loc") continue;
    if (Array.isArray(value))
      for (const one of value) count += isNode(one) && !isFunction(one) ? yieldsIn(one, known) : 0;
    else if (isNode(value) && !isFunction(value)) count += yieldsIn(value, known);
  }
  known.set(node, count);
  return count;
}

const isNode = (value) => value !== null && typeof value === "object" && typeof value.type === "string";

function namesIn(pattern) {
  if (!pattern) return [];
  if (pattern.type === "Identifier") return [pattern.name];
  if (pattern.type === "AssignmentPattern") return namesIn(pattern.left);
  if (pattern.type === "RestElement") return namesIn(pattern.argument);
  if (pattern.type === "ArrayPattern") return pattern.elements.flatMap(namesIn);
  return pattern.properties.flatMap((property) => namesIn(property.value ?? property.argument));
}

/**
 * The edits `[position, length, text]` of one generator, in the order in which they apply. `fail` is told of what cannot be
 * written this way: the kernel then has to say it more simply. `mark`: what notes that a yield is passed.
 */
export function restartable(code, fn, mark, fail) {
  const known = new Map();
  const edits = [];
  const insert = (at, text) => edits.push([at, 0, text]);
  const count = (node) => yieldsIn(node, known);
  const total = count(fn.body);
  /** Variables that live across yields, and where each may be named. */
  const kept = [];
  const own = [];
  let place = 0;
  let helpers = 0;

  const keep = (pattern, scope) => {
    for (const name of namesIn(pattern)) kept.push({ name, scope });
  };

  function list(statements, scope) {
    let open = false;
    const close = (at) => {
      if (open) insert(at, " }");
      open = false;
    };
    statements.forEach((node, i) => {
      if (count(node) > 0) {
        close(statements[i - 1]?.end);
        if (place + count(node) < total) insert(node.start, `if ($r <= ${place + count(node)}) `);
        statement(node, scope);
        return;
      }
      if (node.type === "FunctionDeclaration") fail(node, "no function in a function");
      const declares = place < total && node.type === "VariableDeclaration";
      for (const part of declares ? node.declarations.flatMap(({ init }) => init ?? []) : [node])
        ownNames(part, scope, own);
      if (place === total) return;
      const isFunctionValue =
        node.type === "VariableDeclaration" && node.declarations.every(({ init }) => init && isFunction(init));
      if (isFunctionValue) close(statements[i - 1]?.end);
      else if (!open) {
        insert(node.start, "if ($r === 0) { ");
        open = true;
      }
      if (node.type === "VariableDeclaration") declare(node, scope);
    });
    close(statements.at(-1)?.end);
  }

  /** A declaration becomes an assignment. */
  function declare(node, scope) {
    const { declarations } = node;
    const [first] = declarations;
    const isPattern = declarations.some(({ id }) => id.type === "ObjectPattern");
    edits.push([node.start, first.start - node.start, isPattern ? "(" : ""]);
    for (const { id, init } of declarations) {
      keep(id, scope);
      if (!init) insert(id.end, " = void 0");
      else expression(init);
    }
    if (isPattern) insert(declarations.at(-1).end, ")");
  }

  /** A statement in the place of one: a body of a loop or a branch. */
  function body(node) {
    if (node.type === "BlockStatement") list(node.body, node);
    else if (count(node) > 0) statement(node, node);
  }

  function statement(node, scope) {
    const { type } = node;
    if (type === "BlockStatement") list(node.body, node);
    else if (type === "ExpressionStatement") expression(node.expression);
    else if (type === "ReturnStatement" || type === "ThrowStatement") expression(node.argument);
    else if (type === "VariableDeclaration") {
      if (node.declarations.length > 1) fail(node, "one variable a declaration where it yields");
      declare(node, scope);
    } else if (type === "IfStatement") {
      const { test, consequent, alternate } = node;
      chosen(test, count(consequent), count(alternate));
      body(consequent);
      if (alternate) body(alternate);
    } else if (type === "WhileStatement") {
      entered(node.test, count(node.body));
      body(node.body);
    } else if (type === "DoWhileStatement") {
      body(node.body);
      expression(node.test);
    } else if (type === "ForStatement") counted(node);
    else if (type === "ForOfStatement") each(node);
    else if (type === "SwitchStatement") {
      if (count(node.discriminant) > 0) fail(node, "a switch that does not yield itself");
      const value = `$s${++helpers}`;
      keep({ type: "Identifier", name: value }, node);
      insert(node.discriminant.start, `$r === 0 ? ${value} = `);
      insert(node.discriminant.end, ` : ${value}`);
      for (const { test, consequent } of node.cases) {
        if (count(test) > 0) fail(test, "a case that does not yield");
        list(consequent, node);
      }
    } else fail(node, `no ${type} around a yield`);
  }

  function counted(node) {
    const { init, test, update } = node;
    if (count(init) + count(update) > 0) fail(node, "a loop that yields in its body");
    if (init?.type === "VariableDeclaration") {
      insert(init.start, "$r === 0 && (");
      edits.push([init.start, init.declarations[0].start - init.start, ""]);
      for (const { id, init: value } of init.declarations) {
        keep(id, node);
        if (!value) insert(id.end, " = void 0");
      }
      insert(init.end, ")");
    } else if (init) {
      insert(init.start, "$r === 0 && (");
      insert(init.end, ")");
    }
    if (test) entered(test, count(node.body));
    body(node.body);
  }

  function each(node) {
    const { left, right } = node;
    if (left.type !== "VariableDeclaration") fail(node, "a loop that declares its variable");
    if (count(right) > 0) fail(node, "a loop over what was found before");
    const n = ++helpers;
    const [items, at] = [`$l${n}`, `$i${n}`];
    for (const name of [items, at]) keep({ type: "Identifier", name }, node);
    const { id } = left.declarations[0];
    keep(id, node);
    const pattern = code.slice(id.start, id.end);
    edits.push([left.start, right.start - left.start, `$r === 0 && (${items} = k.frames.items(`]);
    insert(right.end, `), ${at} = 0); $r !== 0 || ${at} < ${items}.length; ${at}++`);
    const assign = `if ($r === 0) (${pattern} = ${items}[${at}]); `;
    if (node.body.type === "BlockStatement") {
      insert(node.body.start + 1, ` ${assign}`);
      body(node.body);
    } else {
      insert(node.body.start, `{ ${assign}`);
      body(node.body);
      insert(node.body.end, " }");
    }
  }

  /** Whether to go in: on the way to a place inside, that is known. */
  function entered(test, inside) {
    if (inside > 0) insert(test.start, `$r > ${place + count(test)} || (`);
    if (count(test) > 0) expression(test);
    if (inside > 0) insert(test.end, ")");
  }

  /** Which way to go: on the way to a place in one of them, that is known. */
  function chosen(test, first, second) {
    const known = place + count(test);
    const [before, after] = first + second > 0 ? [`$r > ${known} ? $r <= ${known + first} : (`, ")"] : ["", ""];
    if (before) insert(test.start, before);
    expression(test);
    if (after) insert(test.end, after);
  }

  function expression(node) {
    if (!node || count(node) === 0) return;
    const { type } = node;
    if (type === "YieldExpression") yielded(node);
    else if (type === "LogicalExpression") logical(node);
    else if (type === "ConditionalExpression") {
      const { test, consequent, alternate } = node;
      insert(test.start, "(");
      chosen(test, count(consequent), count(alternate));
      insert(test.end, ")");
      expression(consequent);
      expression(alternate);
    } else if (type === "BinaryExpression") {
      if (count(node.right) > 0 && node.left.type !== "Identifier") fail(node, "a variable before a yield");
      expression(node.left);
      expression(node.right);
    } else if (type === "UnaryExpression") expression(node.argument);
    else if (type === "AssignmentExpression") {
      const { left } = node;
      const isPlain =
        left.type === "Identifier" ||
        (left.type === "MemberExpression" &&
          left.object.type === "Identifier" &&
          !left.computed &&
          node.operator === "=");
      if (!isPlain) fail(node, "a variable to assign to what yields");
      expression(node.right);
    } else fail(node, `no ${type} around a yield`);
  }

  function logical({ operator, left, right }) {
    const before = place + count(left);
    if (count(right) > 0) {
      const known = { "&&": `($r > ${before} || (`, "||": `($r <= ${before} && (`, "??": `($r > ${before} ? null : (` };
      insert(left.start, known[operator]);
    }
    expression(left);
    if (count(right) > 0) insert(left.end, "))");
    expression(right);
  }

  function yielded(node) {
    const { argument, delegate } = node;
    if (!argument || count(argument) > 0) fail(node, "a yield of what does not yield");
    const n = ++place;
    // Who waits asks again what for.
    const isWait = !delegate && /^k\.wait\(/.test(code.slice(argument.start, argument.end));
    const passed = `${mark(node)}, $at = ${n}`;
    if (isWait) {
      insert(argument.start, `($r === ${n} ? $r = 0 : (${passed}), `);
      insert(argument.end, ")");
    } else if (delegate) {
      insert(argument.start, `($r === ${n} ? ($r = 0, k.frames.again()) : (${passed}, `);
      insert(argument.end, "))");
    } else {
      edits.push([node.start, argument.start - node.start, `($r === ${n} ? $r = 0 : (${passed}, `]);
      insert(argument.end, "), k.machine.goesOn) || (yield k.machine.event)");
    }
  }

  if (!fn.id) fail(fn, "a function with a name");
  const shapes = ["Identifier", "AssignmentPattern", "ObjectPattern"];
  for (const param of fn.params) if (!shapes.includes(param.type)) fail(param, "parameters with names");
  list(fn.body.body, fn.body);
  functionsIn(fn.body, (inner) => ownNames(inner, inner, own));
  const params = fn.params.slice(1).flatMap(namesIn);
  const names = [...new Set(kept.map(({ name }) => name))];
  check(fn, params, kept, own, fail);
  const variables = `[${[...params, ...names].join(", ")}]`;
  const enter = `if (k.frames.isEntering) { ({ at: $r, variables: ${variables} } = k.frames.enter()); $at = $r; }`;
  edits.unshift([fn.body.start + 1, 0, ` let ${["$r = 0", "$at = 0", ...names].join(", ")}; ${enter} try {`]);
  const leave = `k.frames.leave(${fn.id.name}, $at, ${variables})`;
  insert(fn.body.end - 1, `} catch ($e) { if ($e === k.frames.leaving) ${leave}; throw $e; } `);
  return edits;
}

/** A name stands for one variable in the whole function now: whatever else is called so must be so within a scope of its own. */
function check(fn, params, kept, own, fail) {
  const scopes = new Map();
  for (const { name, scope } of kept) scopes.set(name, [...(scopes.get(name) ?? []), scope]);
  const within = (node, outer) => outer.start <= node.start && node.end <= outer.end;
  for (const [name, where] of scopes) {
    if (params.includes(name) || name === "k" || name === fn.id.name)
      fail(where[0], `another name for ${name}, which is a parameter or the function`);
    for (const [i, scope] of where.entries())
      for (const other of where.slice(i + 1))
        if (scope !== other && (within(scope, other) || within(other, scope)))
          fail(scope, `another name for ${name}, which is declared around it`);
  }
  const look = (node) => {
    if (node.type === "Identifier") {
      const where = scopes.get(node.name);
      const isOwn = own.some(({ name, scope }) => name === node.name && within(node, scope));
      if (where && !isOwn && !where.some((scope) => within(node, scope)))
        fail(node, `another name for ${node.name}, which is something else here`);
      return;
    }
    for (const [key, value] of Object.entries(node)) {
      const isName = (key === "property" || key === "key") && !node.computed;
      if (isName && !(node.type === "Property" && node.shorthand)) continue;
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) look(child);
    }
  };
  look(fn.body);
}

/** Names that are declared in a part of the function that is left as it is, and where they hold. */
function ownNames(node, scope, own) {
  if (isFunction(node)) for (const name of node.params.flatMap(namesIn)) own.push({ name, scope: node });
  if (node.type === "VariableDeclarator") for (const name of namesIn(node.id)) own.push({ name, scope });
  const opens = node.type === "BlockStatement" || /^For/.test(node.type) || isFunction(node);
  for (const [key, value] of Object.entries(node))
    if (key !== "loc")
      for (const child of Array.isArray(value) ? value : [value])
        if (isNode(child)) ownNames(child, opens ? node : scope, own);
}

function functionsIn(node, found) {
  for (const [key, value] of Object.entries(node))
    if (key !== "loc")
      for (const child of Array.isArray(value) ? value : [value])
        if (isNode(child)) {
          if (isFunction(child)) found(child);
          else functionsIn(child, found);
        }
}

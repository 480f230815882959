import type { ASTNode } from "@marcbachmann/cel-js";
import type { Chunk } from "../columns/chunk.ts";
import { presence } from "../columns/chunk.ts";
import type { AddressColumn } from "../columns/event-column.ts";

type Verdict = 0 | 1 | 2 | 3;

/** An address that is compared with a number, as in `iova >= 0x1000`. */
export interface AddressComparison {
  readonly column: AddressColumn;
  readonly op: string;
  readonly limit: bigint;
}

const turned: Readonly<Record<string, string>> = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "==": "==",
  "!=": "!=",
};

const isAddress = (node: ASTNode): boolean =>
  node.op === "id" && (node.args === "iova" || node.args === "gpa");

const numberOf = (node: ASTNode): bigint | undefined =>
  node.op === "value" && typeof node.args === "bigint" ? node.args : undefined;

/** The comparison of an address that a part of an expression is, if it is one. */
export function addressComparison(node: ASTNode): AddressComparison | undefined {
  if (turned[node.op] === undefined || !Array.isArray(node.args)) return undefined;
  const [left, right] = node.args as [ASTNode, ASTNode];
  const isLeft = isAddress(left);
  const limit = numberOf(isLeft ? right : left);
  const side = isLeft ? left : right;
  if (limit === undefined || !isAddress(side)) return undefined;
  const op = isLeft ? node.op : (turned[node.op] ?? node.op);
  return { column: side.args as AddressColumn, op, limit };
}

/** What a comparison comes to, by whether the address is below, at or above the limit. */
const outcomes: Readonly<Record<string, readonly [Verdict, Verdict, Verdict]>> = {
  "<": [1, 0, 0],
  "<=": [1, 1, 0],
  ">": [0, 0, 1],
  ">=": [0, 1, 1],
  "==": [0, 1, 0],
  "!=": [1, 0, 1],
};

const half = 0x1_0000_0000n;

/** The test of a comparison of an address with a number: halves of numbers, no bigint. */
export function compareAddress(node: ASTNode): ((chunk: Chunk, at: number) => Verdict) | undefined {
  const found = addressComparison(node);
  if (found === undefined) return undefined;
  const { column, op, limit } = found;
  const [below, same, above] = outcomes[op] ?? [0, 0, 0];
  // An address that is missing is no address, and neither below nor above one.
  const missing: Verdict = op === "==" ? 0 : op === "!=" ? 1 : 2;
  const isThere = presence[column];
  if (limit < 0n || limit >= half * half) {
    const all = limit < 0n ? above : below;
    return (chunk, at) => (((chunk.present[at] as number) & isThere) === 0 ? missing : all);
  }
  const [low, high] = [Number(limit % half), Number(limit / half)];
  return (chunk, at) => {
    if (((chunk.present[at] as number) & isThere) === 0) return missing;
    const upper = chunk.high[column]?.[at] ?? 0;
    if (upper !== high) return upper < high ? below : above;
    const lower = chunk.low[column]?.[at] ?? 0;
    return lower === low ? same : lower < low ? below : above;
  };
}

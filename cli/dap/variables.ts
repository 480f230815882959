import type { Watch } from "../../history/stop/stop.ts";

/** Something that has a value, and perhaps parts. */
export interface Item {
  readonly name: string;
  readonly value: string;
  /** How it is said in an expression. */
  readonly evaluateName?: string;
  /** Where it lies in guest memory. */
  readonly memoryReference?: string;
  /** What is watched for who wants to stop where it changes. */
  readonly watch?: Watch;
  readonly parts?: Parts;
}

/** Parts of something, made when somebody asks for them. */
export type Parts = () => readonly Item[];

/** What was shown, by the numbers that an editor asks for parts with. */
export interface Variables {
  readonly shown: Map<number, Parts>;
}

export const newVariables = (): Variables => ({ shown: new Map() });

/** The number by which the parts of something are asked for. */
export function numberOf({ shown }: Variables, parts: Parts): number {
  const number = shown.size + 1;
  shown.set(number, parts);
  return number;
}

const pageSize = 100;

/** Many items as pages of them, so that no editor has to draw thousands. */
export function inPages(items: readonly Item[]): readonly Item[] {
  if (items.length <= pageSize) return items;
  const size = items.length > pageSize * pageSize ? pageSize * pageSize : pageSize;
  const pages: Item[] = [];
  for (let from = 0; from < items.length; from += size) {
    const page = items.slice(from, from + size);
    const [first, last] = [page[0], page.at(-1)];
    pages.push({
      name: `[${from.toString()}..${(from + page.length - 1).toString()}]`,
      value: `${first?.name ?? ""} to ${last?.name ?? ""}`,
      parts: () => inPages(page),
    });
  }
  return pages;
}

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const isWindows = process.platform === "win32";

/** A folder outside the checkout into which the package was installed from its tarball. */
export interface ConsumerProject {
  /**
   * Type-checks and compiles sources, name to text, and all declarations.
   *
   * @returns the errors that the compiler prints of the sources and of the package's declarations.
   */
  readonly compile: (options: object, sources: Readonly<Record<string, string>>) => string;
  /** The same; the errors in the declarations of the package's dependencies are told as well. */
  readonly compileAll: (options: object, sources: Readonly<Record<string, string>>) => string;
  /** Runs a compiled file. @returns what it prints. */
  readonly run: (file: string) => string;
  readonly folder: string;
  readonly remove: () => void;
}

const strict = {
  ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
  ...{ verbatimModuleSyntax: true, skipLibCheck: false, target: "es2023", lib: ["es2023"] },
};

/**
 * The errors in the consumer's own files and in the package's. Those in the declarations of its
 * dependencies, which lie elsewhere, are not ours; what is indented belongs to the line above.
 */
const ownErrors = (printed: string): string =>
  printed
    .split(/\n(?! )/)
    .filter((error) => error !== "" && !error.startsWith("../"))
    .join("\n");

/** Puts a package of the checkout, and what it depends on, where the consumer finds it. */
function link(name: string, packages: string): void {
  mkdirSync(dirname(join(packages, name)), { recursive: true });
  symlinkSync(join(root, "node_modules", name), join(packages, name), "junction");
}

/**
 * Packs the package as it would be published, and installs it and its dependencies into an empty
 * folder. Nothing is fetched: the dependencies are those of the checkout.
 *
 * @param extra  packages that the consumer has besides.
 */
export function newConsumerProject(...extra: readonly string[]): ConsumerProject {
  const folder = mkdtempSync(join(tmpdir(), "shadowfold-consumer-"));
  const options = ["pack", "--silent", "--pack-destination", folder];
  const packed = execFileSync("npm", options, {
    ...{ cwd: root, encoding: "utf8", shell: isWindows, stdio: ["ignore", "pipe", "ignore"] },
  });
  const packages = join(folder, "node_modules");
  const home = join(packages, "shadowfold");
  mkdirSync(home, { recursive: true });
  const tarball = packed.trim().split("\n").at(-1) ?? "";
  execFileSync("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"], { cwd: folder });
  const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of [...Object.keys(dependencies), ...extra]) link(name, packages);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const compileAll: ConsumerProject["compileAll"] = (compilerOptions, sources) => {
    for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, name), text);
    const config = {
      compilerOptions: { ...strict, ...compilerOptions },
      files: Object.keys(sources),
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout } = spawnSync(process.execPath, [compiler, "-p", folder], {
      ...{ cwd: folder, encoding: "utf8" },
    });
    return stdout;
  };
  return {
    folder,
    compileAll,
    compile: (compilerOptions, sources) => ownErrors(compileAll(compilerOptions, sources)),
    run: (file) => {
      const { stdout, stderr } = spawnSync(process.execPath, [file], {
        ...{ cwd: folder, encoding: "utf8" },
      });
      return `${stdout}${stderr}`;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

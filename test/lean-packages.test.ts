import {expect, test} from 'bun:test'
import {withLateRequires} from '../bin/lean-packages.ts'

const COMPILED = `"use strict";
const errors_1 = require("./errors");
const cache_1 = __importDefault(require("./cache"));
const Parser = __importStar(require("./parser"));
var theme_1 = require("./theme");
Object.defineProperty(exports, "theme", { get: function () { return theme_1.theme; } });
const now = cache_1.default.get('errors_1.x');
throw new errors_1.CLIError(Parser.name, this.Parser.name);
`

test('a require waits for its first use', () => {
  const loaded: string[] = []
  const require = (path: string): unknown => {
    loaded.push(path)
    return {theme: 'dark', CLIError: class extends Error {}, default: {get: (key: string) => key}}
  }
  const run = new Function('require', 'exports', '__importDefault', '__importStar', withLateRequires(COMPILED).replace(/throw[^\n]+/, ''))
  const exports: {theme?: string} = {}
  run(require, exports, (module: unknown) => module, (module: unknown) => module)
  expect(loaded).toEqual(['./cache'])
  expect([exports.theme, exports.theme]).toEqual(['dark', 'dark'])
  expect(loaded).toEqual(['./cache', './theme'])
})

test('and only names of modules are touched', () => {
  const late = withLateRequires(COMPILED)
  expect(late).toContain("get('errors_1.x')")
  expect(late).toContain('new (errors_1()).CLIError((Parser()).name, this.Parser.name)')
})

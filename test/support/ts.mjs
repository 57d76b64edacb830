// Lets Node run the TypeScript sources as they are. A Node that strips types by itself needs no help.
import { register } from 'node:module'

if (!process.features.typescript) register('./ts-hooks.mjs', import.meta.url)

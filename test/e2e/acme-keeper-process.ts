// A process that keeps one certificate valid: `acme-keeper-process.ts SETTING`, JSON of KeeperSetting.
import { keepOnce, openKeeper } from './acme-keeper.ts'

const setting = JSON.parse(process.argv[2] ?? '')
const acme = await openKeeper(setting)
await keepOnce(acme, setting.isRenewal)
await acme.close()

export { exitCodeHelp, exitCodes } from "../host/exit-codes.ts";

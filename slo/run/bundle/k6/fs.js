// k6/experimental/fs, of a script that is bundled: a path is from the script's own folder, as k6 takes it of a script that it runs in its place.
import * as own from "k6/experimental/fs";
export * from "k6/experimental/fs";
export const open = (path) => own.open(plimsollBeside(path));
export default { ...own, open };

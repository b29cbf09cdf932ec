export {
  openProcessGroup as openNursery,
  type Child,
  type ChildOptions,
  type Exit,
  type ProcessGroup as Nursery,
} from "../host/process-group.ts";

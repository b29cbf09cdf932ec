/** Names the keys that `--set KEY=VALUE` takes, each with what it means; the command line's help prints them. */
export const settingKeys = {
  payload: "bytes in a bucket, such as 1KiB, or a range such as 1KiB-16KiB",
  keys: "number of buckets that are read and written",
  distribution: "uniform, or hot: few keys get most of the traffic",
  "hot-keys": "share of the keys that are hot, such as 10%",
  "hot-share": "share of the traffic that goes to the hot keys, such as 90%",
  mix: "weights of read, write, delete, users and echo, such as read=70,write=20,delete=10",
  seed: "whole number; the same seed gives the same requests in the same order",
  warmup: "seconds of low load beforehand that are not judged; 0 for none",
  vus: "most virtual users at work at once",
} as const;

import { layout } from "../layout/layout.ts";
import { flag, uint, wide } from "../layout/layout-field.ts";

/** Posted interrupt descriptor, 64 bytes at a 64-byte aligned GPA. */
export const PostedDescriptor = layout({
  name: "Posted interrupt descriptor",
  width: 512,
  fields: {
    pir: wide([255, 0], "Posted interrupt requests: one bit for each vector."),
    on: flag(256, "Outstanding notification: one was sent and not taken yet."),
    sn: flag(257, "Suppress notifications, but for urgent ones."),
    nv: uint([279, 272], "Vector of the notification."),
    ndst: uint([319, 288], "Destination of the notification: an x2APIC id, else bits 303:296."),
  },
  reserved: [
    [271, 258],
    [287, 280],
    [511, 320],
  ],
});

/** Bytes of a descriptor. */
export const descriptorBytes = 64;

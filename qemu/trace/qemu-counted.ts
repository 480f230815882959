import type { Line } from "../../audit/trace/observation.ts";
import { notObservable, plain } from "../../audit/trace/observation.ts";

const memory = notObservable("table walk: the guest's tables are in its memory");
const interrupt = notObservable("interrupt: whether the entry is right is in guest memory");
const contextEntry = notObservable("context entry: it is in guest memory");

const counted: Readonly<Record<string, Line>> = {
  vtd_ir_remap: interrupt,
  vtd_iotlb_cc_hit: contextEntry,
  vtd_iotlb_cc_update: contextEntry,
  vtd_ce_not_present: contextEntry,
  vtd_re_not_present: contextEntry,
  vtd_replay_ce_valid: contextEntry,
  vtd_replay_ce_invalid: contextEntry,
  vtd_page_walk_level: memory,
  vtd_page_walk_one: memory,
  vtd_page_walk_one_skip_map: memory,
  vtd_page_walk_one_skip_unmap: memory,
  vtd_page_walk_skip_read: memory,
  vtd_page_walk_skip_reserve: memory,
  vtd_translate_pt: notObservable("pass-through request: the context entry is in guest memory"),
  ...Object.fromEntries(
    [
      ...["ir_remap_msi_req", "ir_remap_type", "reg_ir_root"],
      ...["warn_ir_vector", "warn_ir_trigger", "irq_generate", "fault_disabled", "dmar_enable"],
      ...["switch_address_space", "as_unmap_whole", "pt_enable_fast_path", "reg_read"],
      ...["pasid_cache_reset", "pasid_cache_devsi", "inv_desc_pasid_cache_gsi"],
      ...["inv_desc_pasid_cache_dsi", "inv_desc_pasid_cache_psi", "device_attach_hwpt"],
      ...["device_detach_hwpt", "device_reattach_def_hwpt", "reg_write_fectl"],
      ...["reg_write_iectl", "reg_ics_clear_ip"],
      ...["fsts_ppf", "fsts_clear_ip", "frr_new", "reset_exit"],
    ].map((name) => [`vtd_${name}`, plain]),
  ),
  x86_iommu_iec_notify: plain,
};

/** QEMU's events by which nothing is judged, and what cannot be judged of them. */
export const countedEvents: ReadonlyMap<string, Line> = new Map(Object.entries(counted));

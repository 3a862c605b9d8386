#pragma once
// A SQLite VFS that forgets what was not synced. Kill -9 keeps the page cache and so cannot show a missing
// sync; this can.

namespace faults {

/// Makes the VFS the default of this process; files opened from then on are watched.
void install_power_cut_vfs();
void remove_power_cut_vfs();
/// The power fails before the `writes`-th write from now on (0: never): every byte not synced is gone, and
/// all that follows fails, until restore_power().
void cut_power_after(int writes);
bool power_is_off();
void restore_power();

/// Every write after the next `writes` says that the disk is full, until free_disk().
void fill_disk_after(int writes);
void free_disk();

}  // namespace faults

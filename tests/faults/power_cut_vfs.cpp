#include "faults/power_cut_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace faults {
namespace {

/// What must be put back when the power fails: the old bytes of a written range, and the old size.
struct Undo {
  sqlite3_int64 offset = 0;
  std::string bytes;
  sqlite3_int64 size = 0;
};

struct WatchedFile;
std::mutex mutex;
std::set<WatchedFile*> files;
int writes_left = 0;
bool counting = false;
bool off = false;
int room = 0;
bool filling = false;
sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs watched_vfs;

struct WatchedFile {
  sqlite3_file base;
  sqlite3_file* real;
  std::vector<Undo>* undo;
};

WatchedFile* watched(sqlite3_file* file) {
  return reinterpret_cast<WatchedFile*>(file);
}
const sqlite3_io_methods* real_methods(WatchedFile* file) {
  return file->real->pMethods;
}

void remember(WatchedFile* file, sqlite3_int64 offset, int amount) {
  Undo undo;
  undo.offset = offset;
  real_methods(file)->xFileSize(file->real, &undo.size);
  const auto kept = std::clamp<sqlite3_int64>(undo.size - offset, 0, amount);
  undo.bytes.resize(static_cast<std::size_t>(kept));
  if (kept > 0) real_methods(file)->xRead(file->real, undo.bytes.data(), static_cast<int>(kept), offset);
  file->undo->push_back(std::move(undo));
}

void cut() {
  off = true;
  for (WatchedFile* file : files) {
    for (auto undo = file->undo->rbegin(); undo != file->undo->rend(); ++undo) {
      if (!undo->bytes.empty())
        real_methods(file)->xWrite(file->real, undo->bytes.data(), static_cast<int>(undo->bytes.size()),
                                   undo->offset);
      real_methods(file)->xTruncate(file->real, undo->size);
    }
    file->undo->clear();
  }
}

int close_file(sqlite3_file* file) {
  const std::lock_guard guard(mutex);
  files.erase(watched(file));
  delete watched(file)->undo;
  return real_methods(watched(file))->xClose(watched(file)->real);
}
int read_file(sqlite3_file* file, void* to, int amount, sqlite3_int64 offset) {
  if (power_is_off()) return SQLITE_IOERR_READ;
  return real_methods(watched(file))->xRead(watched(file)->real, to, amount, offset);
}
int write_file(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
  const std::lock_guard guard(mutex);
  if (!off && counting && --writes_left <= 0) cut();
  if (off) return SQLITE_IOERR_WRITE;
  if (filling && --room < 0) return SQLITE_FULL;
  remember(watched(file), offset, amount);
  return real_methods(watched(file))->xWrite(watched(file)->real, from, amount, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const std::lock_guard guard(mutex);
  if (off) return SQLITE_IOERR_TRUNCATE;
  sqlite3_int64 now = 0;
  real_methods(watched(file))->xFileSize(watched(file)->real, &now);
  remember(watched(file), size, static_cast<int>(std::max<sqlite3_int64>(0, now - size)));
  return real_methods(watched(file))->xTruncate(watched(file)->real, size);
}
int sync_file(sqlite3_file* file, int flags) {
  const std::lock_guard guard(mutex);
  if (off) return SQLITE_IOERR_FSYNC;
  watched(file)->undo->clear();
  (void)flags;  // the real sync costs time and proves nothing here
  return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_methods(watched(file))->xFileSize(watched(file)->real, size);
}
int lock_file(sqlite3_file* file, int level) {
  return real_methods(watched(file))->xLock(watched(file)->real, level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real_methods(watched(file))->xUnlock(watched(file)->real, level);
}
int check_lock(sqlite3_file* file, int* result) {
  return real_methods(watched(file))->xCheckReservedLock(watched(file)->real, result);
}
int control(sqlite3_file* file, int op, void* argument) {
  return real_methods(watched(file))->xFileControl(watched(file)->real, op, argument);
}
int sector_size(sqlite3_file* file) {
  return real_methods(watched(file))->xSectorSize(watched(file)->real);
}
int characteristics(sqlite3_file* file) {
  return real_methods(watched(file))->xDeviceCharacteristics(watched(file)->real);
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** to) {
  return real_methods(watched(file))->xShmMap(watched(file)->real, page, size, extend, to);
}
int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return real_methods(watched(file))->xShmLock(watched(file)->real, offset, n, flags);
}
void shm_barrier(sqlite3_file* file) {
  real_methods(watched(file))->xShmBarrier(watched(file)->real);
}
int shm_unmap(sqlite3_file* file, int remove) {
  return real_methods(watched(file))->xShmUnmap(watched(file)->real, remove);
}

sqlite3_io_methods methods_of() {
  sqlite3_io_methods m{};
  m.iVersion = 2;
  m.xClose = close_file;
  m.xRead = read_file;
  m.xWrite = write_file;
  m.xTruncate = truncate_file;
  m.xSync = sync_file;
  m.xFileSize = file_size;
  m.xLock = lock_file;
  m.xUnlock = unlock_file;
  m.xCheckReservedLock = check_lock;
  m.xFileControl = control;
  m.xSectorSize = sector_size;
  m.xDeviceCharacteristics = characteristics;
  m.xShmMap = shm_map;
  m.xShmLock = shm_lock;
  m.xShmBarrier = shm_barrier;
  m.xShmUnmap = shm_unmap;
  return m;
}
const sqlite3_io_methods kMethods = methods_of();

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  if (power_is_off()) return SQLITE_CANTOPEN;
  WatchedFile* made = watched(file);
  made->real = reinterpret_cast<sqlite3_file*>(made + 1);
  const int code = real_vfs->xOpen(real_vfs, name, made->real, flags, out_flags);
  made->base.pMethods = made->real->pMethods != nullptr ? &kMethods : nullptr;
  if (made->base.pMethods == nullptr) return code;
  made->undo = new std::vector<Undo>;
  const std::lock_guard guard(mutex);
  files.insert(made);
  return code;
}
int delete_file(sqlite3_vfs*, const char* name, int sync_folder) {
  if (power_is_off()) return SQLITE_IOERR_DELETE;
  return real_vfs->xDelete(real_vfs, name, sync_folder);
}

}  // namespace

void install_power_cut_vfs() {
  real_vfs = sqlite3_vfs_find("unix");
  watched_vfs = *real_vfs;
  watched_vfs.zName = "power-cut";
  watched_vfs.szOsFile = static_cast<int>(sizeof(WatchedFile)) + real_vfs->szOsFile;
  watched_vfs.xOpen = open_file;
  watched_vfs.xDelete = delete_file;
  sqlite3_vfs_register(&watched_vfs, 1);
}
void remove_power_cut_vfs() {
  sqlite3_vfs_unregister(&watched_vfs);
  sqlite3_vfs_register(real_vfs, 1);
}
void cut_power_after(int writes) {
  const std::lock_guard guard(mutex);
  writes_left = writes;
  counting = writes > 0;
}
bool power_is_off() {
  const std::lock_guard guard(mutex);
  return off;
}
void restore_power() {
  const std::lock_guard guard(mutex);
  off = counting = false;
}

void fill_disk_after(int writes) {
  const std::lock_guard guard(mutex);
  room = writes;
  filling = true;
}
void free_disk() {
  const std::lock_guard guard(mutex);
  filling = false;
}

}  // namespace faults

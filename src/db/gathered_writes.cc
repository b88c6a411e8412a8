#include "db/gathered_writes.h"

#include <cstring>
#include <new>
#include <string>

namespace dealpace::db {

// The log as SQLite sees it; the file of the operating system lies behind it, at kRealAt.
struct GatheredLog {
  sqlite3_file base{};
  bool gathering = false;
  bool last_page_comes = false;  // its header is gathered
  sqlite3_int64 at = 0;          // where what is gathered belongs
  std::string bytes;
};

namespace {

constexpr const char* kName = "dealpace";
constexpr size_t kBytesMax = 64 << 10;  // SQLite's Unix layer takes less than 128 kB at a time
constexpr int kFrameHeader = 24;        // of a page in the log
constexpr size_t kRealAt = (sizeof(GatheredLog) + 15) / 16 * 16;

GatheredLog& LogOf(sqlite3_file* file) { return *reinterpret_cast<GatheredLog*>(file); }
sqlite3_file* RealOf(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kRealAt);
}

// Writes what is gathered.
int Flush(sqlite3_file* file) {
  GatheredLog& log = LogOf(file);
  if (log.bytes.empty()) return SQLITE_OK;
  sqlite3_file* real = RealOf(file);
  const int code = real->pMethods->xWrite(real, log.bytes.data(), static_cast<int>(log.bytes.size()), log.at);
  log.bytes.clear();
  return code;
}

// Whether these bytes are the header of a page that ends a commit: then the size of the database stands in it.
bool IsLastHeader(const char* bytes, int count) {
  static constexpr char kNone[4] = {};
  return count == kFrameHeader && std::memcmp(bytes + 4, kNone, sizeof kNone) != 0;
}

int Write(sqlite3_file* file, const void* data, int count, sqlite3_int64 at) {
  GatheredLog& log = LogOf(file);
  sqlite3_file* real = RealOf(file);
  if (!log.gathering) return real->pMethods->xWrite(real, data, count, at);
  const auto* bytes = static_cast<const char*>(data);
  const bool follows = at == log.at + static_cast<sqlite3_int64>(log.bytes.size());
  if (!follows || log.bytes.size() + static_cast<size_t>(count) > kBytesMax) {
    if (const int code = Flush(file); code != SQLITE_OK) return code;
  }
  if (log.bytes.empty()) log.at = at;
  log.bytes.append(bytes, static_cast<size_t>(count));
  if (!log.last_page_comes) {
    log.last_page_comes = IsLastHeader(bytes, count);
    return SQLITE_OK;
  }
  log.gathering = false;  // what still comes mends checksums of pages written before
  return Flush(file);
}

int Close(sqlite3_file* file) {
  sqlite3_file* real = RealOf(file);
  const int code = real->pMethods->xClose(real);
  LogOf(file).~GatheredLog();
  return code;
}

int Read(sqlite3_file* file, void* data, int count, sqlite3_int64 at) {
  if (const int code = Flush(file); code != SQLITE_OK) return code;
  return RealOf(file)->pMethods->xRead(RealOf(file), data, count, at);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = Flush(file); code != SQLITE_OK) return code;
  return RealOf(file)->pMethods->xTruncate(RealOf(file), size);
}

int Sync(sqlite3_file* file, int flags) {
  if (const int code = Flush(file); code != SQLITE_OK) return code;
  return RealOf(file)->pMethods->xSync(RealOf(file), flags);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  if (const int code = Flush(file); code != SQLITE_OK) return code;
  return RealOf(file)->pMethods->xFileSize(RealOf(file), size);
}

int Lock(sqlite3_file* file, int level) { return RealOf(file)->pMethods->xLock(RealOf(file), level); }
int Unlock(sqlite3_file* file, int level) { return RealOf(file)->pMethods->xUnlock(RealOf(file), level); }
int CheckReservedLock(sqlite3_file* file, int* reserved) {
  return RealOf(file)->pMethods->xCheckReservedLock(RealOf(file), reserved);
}
int FileControl(sqlite3_file* file, int what, void* about) {
  return RealOf(file)->pMethods->xFileControl(RealOf(file), what, about);
}
int SectorSize(sqlite3_file* file) { return RealOf(file)->pMethods->xSectorSize(RealOf(file)); }
int DeviceCharacteristics(sqlite3_file* file) { return RealOf(file)->pMethods->xDeviceCharacteristics(RealOf(file)); }

// Without shared memory and mapping, which belong to the file of the database.
const sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int Open(sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  auto* system = static_cast<sqlite3_vfs*>(self->pAppData);
  if ((flags & SQLITE_OPEN_WAL) == 0) return system->xOpen(system, name, file, flags, flags_out);
  auto* log = new (file) GatheredLog;  // SQLite has made room for it, and for what lies behind
  try {
    log->bytes.reserve(kBytesMax);  // from now on it never grows: nothing may be thrown through SQLite
  } catch (const std::bad_alloc&) {
    log->~GatheredLog();
    file->pMethods = nullptr;
    return SQLITE_NOMEM;
  }
  const int code = system->xOpen(system, name, RealOf(file), flags, flags_out);
  if (code == SQLITE_OK) {
    log->base.pMethods = &kMethods;
  } else {
    log->~GatheredLog();
    file->pMethods = nullptr;  // not to be closed
  }
  return code;
}

}  // namespace

const char* GatheringFileSystem() {
  static const bool registered = [] {
    static sqlite3_vfs gathering;
    sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
    if (system == nullptr) return false;
    gathering = *system;
    gathering.zName = kName;
    gathering.pNext = nullptr;
    gathering.pAppData = system;
    gathering.szOsFile = static_cast<int>(kRealAt) + system->szOsFile;
    gathering.xOpen = Open;
    return sqlite3_vfs_register(&gathering, 0) == SQLITE_OK;
  }();
  return registered ? kName : nullptr;
}

GatheredWrites::GatheredWrites(sqlite3* database) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || file == nullptr ||
      file->pMethods != &kMethods) {
    return;
  }
  log_ = &LogOf(file);
  log_->gathering = true;
  log_->last_page_comes = false;
  log_->bytes.clear();
}

GatheredWrites::~GatheredWrites() {
  if (log_ == nullptr) return;
  log_->gathering = false;
  log_->bytes.clear();
}

}  // namespace dealpace::db

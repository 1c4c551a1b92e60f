#include "journal/cursor_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace sluice::journal {
namespace {

constexpr std::string_view kCursorMagic = "SLUICECU";
constexpr std::uint32_t kCursorFormatVersion = 1;
constexpr std::size_t kSlotBytes = 96;
// Behind it, of what the cursor counts. Its checksum covers the slot's, so that one that an earlier version left there,
// which does not know of it, does not count.
constexpr std::size_t kUnitBytes = 8;
// A slot to a page of its own, so that a write that fails half way cannot reach the other one.
constexpr std::uint64_t kSlotDistance = 4096;

struct Slot {
  std::uint64_t generation;
  Cursor cursor;
};

std::string encode_slot(const Slot& slot, const ObjectId& destination) {
  std::string bytes(kSlotBytes + kUnitBytes, '\0');
  char* at = bytes.data();
  kCursorMagic.copy(at, kCursorMagic.size());
  store<std::uint32_t>(at + 8, kCursorFormatVersion);
  std::memcpy(at + 16, destination.bytes.data(), ObjectId::kBytes);
  store<std::uint32_t>(at + 28, slot.cursor.events_done);
  store<std::uint64_t>(at + 32, slot.generation);
  store<std::uint64_t>(at + 40, slot.cursor.position.value);
  store<std::uint64_t>(at + 48, slot.cursor.delivered_events);
  store<std::uint64_t>(at + 56, slot.cursor.delivered_bytes);
  store<std::uint64_t>(at + 64, slot.cursor.dead_lettered_events);
  store<std::uint64_t>(at + 72, slot.cursor.dead_lettered_bytes);
  store<std::uint64_t>(at + 80, slot.cursor.expired_events);
  store<std::uint64_t>(at + 88, slot.cursor.filtered_events);
  store<std::uint32_t>(at + 12, crc32c(at + 16, kSlotBytes - 16));
  if (slot.cursor.unit == CursorUnit::unknown) return bytes;
  store<std::uint32_t>(at + kSlotBytes, static_cast<std::uint32_t>(slot.cursor.unit));
  store<std::uint32_t>(at + kSlotBytes + 4, crc32c(at + 12, kSlotBytes - 12 + 4));
  return bytes;
}

CursorUnit decode_unit(std::string_view bytes) {
  const char* at = bytes.data() + kSlotBytes;
  if (load<std::uint32_t>(at + 4) != crc32c(bytes.data() + 12, kSlotBytes - 12 + 4)) return CursorUnit::unknown;
  const auto unit = load<std::uint32_t>(at);
  return unit > static_cast<std::uint32_t>(CursorUnit::payloads) ? CursorUnit::unknown : static_cast<CursorUnit>(unit);
}

std::optional<Slot> decode_slot(std::string_view bytes, const ObjectId& destination) {
  const char* at = bytes.data();
  if (bytes.size() < kSlotBytes + kUnitBytes || !bytes.starts_with(kCursorMagic) ||
      load<std::uint32_t>(at + 8) != kCursorFormatVersion ||
      load<std::uint32_t>(at + 12) != crc32c(at + 16, kSlotBytes - 16) ||
      std::memcmp(at + 16, destination.bytes.data(), ObjectId::kBytes) != 0) {
    return std::nullopt;
  }
  Slot slot;
  slot.cursor.events_done = load<std::uint32_t>(at + 28);
  slot.generation = load<std::uint64_t>(at + 32);
  slot.cursor.position.value = load<std::uint64_t>(at + 40);
  slot.cursor.delivered_events = load<std::uint64_t>(at + 48);
  slot.cursor.delivered_bytes = load<std::uint64_t>(at + 56);
  slot.cursor.dead_lettered_events = load<std::uint64_t>(at + 64);
  slot.cursor.dead_lettered_bytes = load<std::uint64_t>(at + 72);
  slot.cursor.expired_events = load<std::uint64_t>(at + 80);
  slot.cursor.filtered_events = load<std::uint64_t>(at + 88);
  slot.cursor.unit = decode_unit(bytes);
  return slot;
}

bool is_blank(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

}  // namespace

namespace {

std::string path_of(const std::string& directory, ObjectId destination) {
  return directory + "/" + destination.hex() + ".cursor";
}

auto not_opened(ObjectId destination, const std::string& why) {
  return fail(fmt::format("The cursor of destination {} cannot be opened: {}.", destination.hex(), why));
}

}  // namespace

Result<std::unique_ptr<CursorFile>> CursorFile::open(const std::string& directory, ObjectId destination,
                                                     storage::FileSystem& files) {
  const std::string path = path_of(directory, destination);
  if (auto created = files.make_directory(directory); !created) return not_opened(destination, created.error().message);
  auto file = files.open(path, true);
  if (!file) return not_opened(destination, file.error().message);
  std::unique_ptr<CursorFile> cursor(new CursorFile(std::move(*file), destination));
  if (auto loaded = cursor->load(); !loaded) return tl::unexpected(loaded.error());
  if (cursor->loaded()) {
    if (auto synced = cursor->make_durable(); !synced) return tl::unexpected(synced.error());
    return cursor;  // whoever saved it had synced the directory
  }
  if (auto synced = files.sync_directory(directory); !synced) return not_opened(destination, synced.error().message);
  return cursor;
}

Result<std::unique_ptr<CursorFile>> CursorFile::open_existing(const std::string& directory, ObjectId destination,
                                                              storage::FileSystem& files) {
  const std::string path = path_of(directory, destination);
  auto file = files.open(path, false);
  if (!file && file.error().fault == storage::FileFault::not_found) return nullptr;
  if (!file) return not_opened(destination, file.error().message);
  std::unique_ptr<CursorFile> cursor(new CursorFile(std::move(*file), destination));
  if (auto loaded = cursor->load(); !loaded) return tl::unexpected(loaded.error());
  return cursor;
}

Result<void> CursorFile::load() {
  bool blank = true;
  for (const std::uint64_t slot_at : {std::uint64_t{0}, kSlotDistance}) {
    std::string bytes(kSlotBytes + kUnitBytes, '\0');
    const auto got = file_->read_at(slot_at, bytes.data(), bytes.size());
    if (!got) return not_opened(destination_, got.error().message);
    blank = blank && is_blank(bytes);
    const auto slot = decode_slot(bytes, destination_);
    if (!slot || slot->generation <= generation_) continue;
    generation_ = slot->generation;
    loaded_ = slot->cursor;
  }
  const auto size = file_->size();
  if (!size) return not_opened(destination_, size.error().message);
  damaged_ = !loaded_ && !blank && *size > kSlotDistance;
  return {};
}

Result<void> CursorFile::make_durable() {
  if (durable_) return {};
  if (auto synced = file_->sync_data(); !synced) return not_opened(destination_, synced.error().message);
  durable_ = true;
  return {};
}

// A slot that was not synced is written over, the one before it stays. Generations go up by two then, so that a slot's
// place is told by them, as versions before this one need.
Result<void> CursorFile::write(const Cursor& cursor) {
  if (auto synced = make_durable(); !synced) return synced;  // this write is over the copy before it
  const std::uint64_t generation = generation_ + (unsynced_ ? 2 : 1);
  const std::string bytes = encode_slot({generation, cursor}, destination_);
  if (auto written = file_->write_at(generation % 2 == 1 ? 0 : kSlotDistance, bytes); !written)
    return fail(written.error().message);
  generation_ = generation;
  unsynced_ = true;
  return {};
}

Result<void> CursorFile::save(const Cursor& cursor) {
  const bool first = !loaded_;
  if (auto written = write(cursor); !written) return written;
  if (auto synced = file_->sync_data(); !synced) return fail(synced.error().message);
  unsynced_ = false;
  loaded_ = cursor;
  damaged_ = false;
  // Room for the second copy, so that a disk that runs full later takes this cursor still. If there is none now, the
  // second save says so. Not before the first: a torn first save shows in the file's length.
  if (first) (void)file_->allocate(kSlotDistance + kSlotBytes + kUnitBytes);
  return {};
}

Result<void> CursorFile::note(const Cursor& cursor) {
  SLUICE_CHECK(loaded_.has_value(), "without a copy that is synced, a torn write would leave none");
  if (auto written = write(cursor); !written) return written;
  loaded_ = cursor;
  return {};
}

}  // namespace sluice::journal

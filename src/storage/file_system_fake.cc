#include "storage/file_system_fake.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sluice::storage {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

tl::unexpected<FileError> failed(FileFault fault, const std::string& message) {
  return tl::unexpected(FileError{fault, message + " (a fake's fault)"});
}

}  // namespace

struct FakeFileSystem::Node {
  std::string path;    // its name; for messages and failing reads
  std::string bytes;   // as the running system sees them
  std::string synced;  // as a crash leaves them at least
  std::set<std::uint64_t> dirty_sectors;
};

// The name `from` (empty: a new file) becomes `to` (empty: removed).
struct FakeFileSystem::Change {
  std::string directory, from, to;
  std::shared_ptr<Node> node;
};

class FakeFile final : public File {
 public:
  FakeFile(FakeFileSystem& files, std::shared_ptr<FakeFileSystem::Node> node, std::function<void()> on_close)
      : files_(files), node_(std::move(node)), on_close_(std::move(on_close)) {}
  ~FakeFile() override {
    if (on_close_) on_close_();
  }
  FileResult<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    return files_.write(*node_, offset, {&bytes, 1});
  }
  FileResult<void> write_pieces_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    return files_.write(*node_, offset, pieces);
  }
  FileResult<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) const override {
    return files_.read(*node_, offset, out, size);
  }
  FileResult<void> sync_data() override { return files_.sync(*node_); }
  FileResult<std::uint64_t> size() const override {
    const std::lock_guard lock(files_.mutex_);
    return node_->bytes.size();
  }
  FileResult<void> allocate(std::uint64_t size) override { return files_.allocate(*node_, size); }

 private:
  FakeFileSystem& files_;
  std::shared_ptr<FakeFileSystem::Node> node_;
  std::function<void()> on_close_;
};

FakeFileSystem::FakeFileSystem(std::uint64_t seed, std::uint64_t capacity_bytes)
    : random_(seed), capacity_bytes_(capacity_bytes), read_random_(seed ^ 0x7265616473) {}
FakeFileSystem::~FakeFileSystem() = default;

void FakeFileSystem::before_each_change(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  before_change_ = std::move(call);
}

void FakeFileSystem::about_to_change() {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    call = before_change_;
  }
  if (call) call();
}

void FakeFileSystem::apply(Names& names, const Change& change) {
  if (!change.from.empty()) {
    const auto found = names.find(change.from);
    if (found == names.end() || found->second != change.node) return;
    names.erase(found);
  }
  if (!change.to.empty()) names[change.to] = change.node;
}

std::unique_ptr<FakeFileSystem> FakeFileSystem::after_crash(Crash crash, std::uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  auto image = std::make_unique<FakeFileSystem>(seed, capacity_bytes_);
  if (crash == Crash::keep_all) {
    copy_alive(*image);
    return image;
  }
  Random& random = image->random_;
  Names names = synced_names_;
  const std::uint64_t moment = random.below(changes_.size() + 1);
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const bool kept = (crash == Crash::keep_some && i < moment) || (crash == Crash::loose && random.below(2) == 0);
    if (kept) apply(names, changes_[i]);
  }
  for (const auto& [path, node] : names) {
    std::string bytes = node->synced;
    if (crash != Crash::lose_all) {
      if (node->bytes.size() != bytes.size() && random.below(2) == 0) bytes.resize(node->bytes.size(), '\0');
      const std::uint64_t kept_of_eight = random.below(9);
      for (const std::uint64_t sector : node->dirty_sectors) {
        const std::uint64_t at = sector * kSectorBytes;
        if (random.below(8) >= kept_of_eight || at >= bytes.size() || at >= node->bytes.size()) continue;
        const std::uint64_t size = std::min({kSectorBytes, bytes.size() - at, node->bytes.size() - at});
        bytes.replace(at, size, node->bytes, at, size);
      }
    }
    auto copy = std::make_shared<Node>();
    copy->path = path;
    copy->bytes = copy->synced = std::move(bytes);
    image->names_[path] = image->synced_names_[path] = copy;
  }
  return image;
}

// The process is dead and the system runs: all data is there, and unsynced data is still unsynced.
void FakeFileSystem::copy_alive(FakeFileSystem& image) const {
  std::map<const Node*, std::shared_ptr<Node>> copies;
  const auto copy_of = [&](const std::shared_ptr<Node>& node) {
    auto& copy = copies[node.get()];
    if (!copy) copy = std::make_shared<Node>(*node);
    return copy;
  };
  for (const auto& [path, node] : names_) image.names_[path] = copy_of(node);
  for (const auto& [path, node] : synced_names_) image.synced_names_[path] = copy_of(node);
  for (const Change& change : changes_)
    image.changes_.push_back({change.directory, change.from, change.to, copy_of(change.node)});
}

void FakeFileSystem::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_bytes_ = bytes;
}

std::uint64_t FakeFileSystem::used_locked() const {
  std::uint64_t used = 0;
  for (const auto& [path, node] : names_) used += node->bytes.size();
  return used;
}
std::uint64_t FakeFileSystem::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_locked();
}

void FakeFileSystem::fail_write(std::uint64_t after, FileFault fault) {
  const std::lock_guard lock(mutex_);
  failing_write_ = {after, fault};
}
void FakeFileSystem::fail_sync(std::uint64_t after, FileFault fault) {
  const std::lock_guard lock(mutex_);
  failing_sync_ = {after, fault};
}
void FakeFileSystem::fail_read(const std::string& path_end, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  failing_reads_.emplace_back(path_end, offset);
}

void FakeFileSystem::fail_reads_at_times(const std::string& path_end, std::uint32_t of_thousand) {
  const std::lock_guard lock(mutex_);
  reads_failing_at_times_.emplace_back(path_end, of_thousand);
}

void FakeFileSystem::heal_reads() {
  const std::lock_guard lock(mutex_);
  failing_reads_.clear();
  reads_failing_at_times_.clear();
}

std::uint64_t FakeFileSystem::failed_reads() const {
  const std::lock_guard lock(mutex_);
  return failed_reads_;
}

bool FakeFileSystem::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return names_.contains(path);
}
std::vector<std::string> FakeFileSystem::paths() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, node] : names_) paths.push_back(path);
  return paths;
}
std::string FakeFileSystem::bytes(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  return found == names_.end() ? std::string() : found->second->bytes;
}
void FakeFileSystem::set_bytes(const std::string& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  auto node = std::make_shared<Node>();
  node->path = path;
  node->bytes = node->synced = std::move(bytes);
  names_[path] = synced_names_[path] = node;
}
void FakeFileSystem::flip(const std::string& path, std::uint64_t offset, unsigned char bits) {
  const std::lock_guard lock(mutex_);
  Node& node = *names_.at(path);
  for (std::string* side : {&node.bytes, &node.synced})
    if (offset < side->size()) (*side)[offset] = static_cast<char>((*side)[offset] ^ bits);
}
std::uint64_t FakeFileSystem::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

FileResult<void> FakeFileSystem::write(Node& node, std::uint64_t offset, std::span<const std::string_view> pieces) {
  about_to_change();
  const std::lock_guard lock(mutex_);
  std::string bytes;
  for (const std::string_view piece : pieces) bytes.append(piece);
  FileFault fault = FileFault::none;
  if (failing_write_ && failing_write_->first-- == 0) {
    fault = failing_write_->second;
    failing_write_.reset();
  }
  const std::uint64_t end = offset + bytes.size();
  if (end > node.bytes.size() && used_locked() + end - node.bytes.size() > capacity_bytes_) fault = FileFault::no_space;
  if (fault != FileFault::none) bytes.resize(random_.below(bytes.size() + 1));
  if (offset + bytes.size() > node.bytes.size() && fault != FileFault::no_space)
    node.bytes.resize(offset + bytes.size(), '\0');
  if (offset < node.bytes.size()) {
    bytes.resize(std::min<std::uint64_t>(bytes.size(), node.bytes.size() - offset));
    node.bytes.replace(offset, bytes.size(), bytes);
    for (std::uint64_t at = offset; at < offset + bytes.size(); at += kSectorBytes - at % kSectorBytes)
      node.dirty_sectors.insert(at / kSectorBytes);
  }
  if (fault != FileFault::none) return failed(fault, "cannot write " + node.path);
  return {};
}

FileResult<void> FakeFileSystem::sync(Node& node) {
  about_to_change();
  const std::lock_guard lock(mutex_);
  if (failing_sync_ && failing_sync_->first-- == 0) {
    const FileFault fault = failing_sync_->second;
    failing_sync_.reset();
    return failed(fault, "cannot sync " + node.path);
  }
  ++syncs_;
  node.synced.resize(node.bytes.size(), '\0');
  for (const std::uint64_t sector : node.dirty_sectors) {
    const std::uint64_t at = sector * kSectorBytes;
    if (at < node.bytes.size()) node.synced.replace(at, kSectorBytes, node.bytes, at, kSectorBytes);
  }
  node.dirty_sectors.clear();
  return {};
}

FileResult<void> FakeFileSystem::allocate(Node& node, std::uint64_t size) {
  about_to_change();
  const std::lock_guard lock(mutex_);
  if (size > node.bytes.size() && used_locked() + size - node.bytes.size() > capacity_bytes_)
    return failed(FileFault::no_space, "cannot allocate for " + node.path);
  node.bytes.resize(size, '\0');
  return {};
}

FileResult<std::size_t> FakeFileSystem::read(const Node& node, std::uint64_t offset, char* out,
                                             std::size_t size) const {
  const std::lock_guard lock(mutex_);
  bool fails = false;
  for (const auto& [path_end, at] : failing_reads_)
    fails = fails || (node.path.ends_with(path_end) && at >= offset && at < offset + size);
  for (const auto& [path_end, of_thousand] : reads_failing_at_times_)
    fails = fails || (node.path.ends_with(path_end) && read_random_.below(1000) < of_thousand);
  failed_reads_ += fails;
  if (fails) return failed(FileFault::other, "cannot read " + node.path);
  if (offset >= node.bytes.size()) return std::size_t{0};
  return node.bytes.copy(out, size, offset);
}

std::string FakeFileSystem::directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

FileResult<std::unique_ptr<File>> FakeFileSystem::open(const std::string& path, bool create) {
  const std::lock_guard lock(mutex_);
  auto found = names_.find(path);
  if (found == names_.end()) {
    if (!create) return failed(FileFault::not_found, "there is no " + path);
    found = names_.emplace(path, std::make_shared<Node>()).first;
    changes_.push_back({directory_of(path), "", path, found->second});
  }
  found->second->path = path;
  return std::make_unique<FakeFile>(*this, found->second, nullptr);
}

FileResult<void> FakeFileSystem::make_directory(const std::string&) { return {}; }

FileResult<std::vector<std::string>> FakeFileSystem::list(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [path, node] : names_)
    if (directory_of(path) == directory) names.push_back(path.substr(directory.size() + 1));
  return names;
}

FileResult<void> FakeFileSystem::rename(const std::string& from, const std::string& to) {
  about_to_change();
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(from);
  if (found == names_.end()) return failed(FileFault::not_found, "there is no " + from);
  changes_.push_back({directory_of(from), from, to, found->second});
  found->second->path = to;
  apply(names_, changes_.back());
  return {};
}

FileResult<void> FakeFileSystem::remove(const std::string& path) {
  about_to_change();
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  if (found == names_.end()) return failed(FileFault::not_found, "there is no " + path);
  changes_.push_back({directory_of(path), path, "", found->second});
  apply(names_, changes_.back());
  return {};
}

// Directories are not kept: one is where files are.
FileResult<void> FakeFileSystem::remove_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, node] : names_)
    if (directory_of(name) == path) return failed(FileFault::other, path + " is not empty");
  return {};
}

FileResult<void> FakeFileSystem::sync_directory(const std::string& path) {
  about_to_change();
  const std::lock_guard lock(mutex_);
  ++syncs_;
  std::erase_if(changes_, [&](const Change& change) {
    if (change.directory != path) return false;
    apply(synced_names_, change);
    return true;
  });
  return {};
}

FileResult<std::uint64_t> FakeFileSystem::free_bytes(const std::string&) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t used = used_locked();
  return capacity_bytes_ > used ? capacity_bytes_ - used : 0;
}

FileResult<std::unique_ptr<File>> FakeFileSystem::lock(const std::string& path) {
  auto file = open(path, true);
  const std::lock_guard lock(mutex_);
  if (locks_[path]) return failed(FileFault::other, path + " is locked by another process");
  locks_[path] = true;
  return std::make_unique<FakeFile>(*this, names_.at(path), [this, path] {
    const std::lock_guard unlock(mutex_);
    locks_[path] = false;
  });
}

}  // namespace sluice::storage

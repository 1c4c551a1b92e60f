// A pipeline, a sink and a bucket in miniature around a Spool, for tests that cut the power at any moment: what is in
// the bucket and on the disk outlives it, all else is built again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "destinations/s3/spool.h"
#include "destinations/s3/upload.h"
#include "storage/file_system_fake.h"

namespace sluice::s3 {

// S3, as far as exactly-once needs it.
class BucketFake {
 public:
  struct Object {
    std::string bytes, sha256_hex;
  };
  ObjectAnswer put(const std::string& key, std::string bytes, const std::string& sha256_hex, bool conditional);
  ObjectAnswer head(const std::string& key) const;
  const std::map<std::string, Object>& objects() const { return objects_; }
  std::map<std::string, Object>& objects() { return objects_; }

 private:
  std::map<std::string, Object> objects_;
};

struct RigEvent {
  EventPlace place;
  std::int64_t received_ms;
  std::string record;
};
// Entries of one to three events, the hour changing on the way, some received out of order.
std::vector<RigEvent> rig_events(std::size_t count, std::uint64_t seed);

struct RigSettings {
  RollLimits roll{.bytes = 600, .age_us = 5'000'000, .events = 50};
  Compression compression = Compression::gzip;
  std::string revision = "1";
  std::string selection = {};
  std::function<bool(const RigEvent&)> wanted = [](const RigEvent&) { return true; };
  std::size_t puts_at_once = 7;  // events, between two looks at everything else
};

class SpoolRig {
 public:
  static constexpr const char* kFolder = "/data/spool/d";

  SpoolRig(storage::FakeFileSystem& files, BucketFake& bucket, const std::vector<RigEvent>& events,
           RigSettings settings);

  // One turn of everything. `puts` and `uploads` may hold back a part of it.
  void turn(bool puts = true, bool uploads = true);
  // Until the cursor is at the end. False: it does not get there.
  bool run();
  // Called before and after the bucket stores something.
  void around_each_put(std::function<void()> call) { around_put_ = std::move(call); }

  bool at_end() const { return cursor_ == events_.size(); }
  std::size_t cursor() const { return cursor_; }
  Spool& spool() { return *spool_; }
  std::size_t restarts() const { return restarts_; }
  std::vector<std::string> conflicts() const { return conflicts_; }
  void advance_us(std::int64_t us) { now_us_ += us; }
  std::int64_t now_us() const { return now_us_; }

 private:
  void open();
  void put_events();
  void upload_one();
  void settle();
  EventPlace place_at(std::size_t index) const;

  storage::FakeFileSystem& files_;
  BucketFake& bucket_;
  const std::vector<RigEvent>& events_;
  const RigSettings settings_;
  std::function<void()> around_put_;
  std::unique_ptr<Spool> spool_;
  std::size_t cursor_ = 0, next_ = 0, restarts_ = 0;
  std::vector<bool> done_;
  std::vector<std::string> conflicts_;
  std::int64_t now_us_ = 1'000'000;
};

// The lines of all objects together, and how often each is there. Tells of an object that is not whole.
std::map<std::string, int> lines_in(const BucketFake& bucket);
// "": each wanted event is in exactly one object; else what is wrong.
std::string fault_of_delivery(const BucketFake& bucket, const std::vector<RigEvent>& events,
                              const std::function<bool(const RigEvent&)>& wanted);

}  // namespace sluice::s3

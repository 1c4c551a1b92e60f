// S3's REST protocol: PUT, GET, HEAD and DELETE of objects, HEAD and listing of buckets, path style and virtual hosts.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kinesim/authentication.h"
#include "kinesim/buckets.h"
#include "kinesim/request.h"
#include "kinesim/simulator.h"

namespace kinesim {

constexpr std::size_t kMostKeyBytes = 1024;

// What a request is about.
struct S3Target {
  std::string bucket;
  std::string key;  // decoded; empty: the bucket itself
};
// From the host (bucket.s3.eu-west-1.amazonaws.com, bucket.localhost) or the path (/bucket/key).
S3Target s3_target(const Request& request);

// Whether a request means S3: it is signed for it, or its host or its path names a bucket that there is.
bool is_s3(const Request& request, const Simulator& simulator);

class S3Handler {
 public:
  explicit S3Handler(Simulator& simulator) : simulator_(simulator) {}
  // Counts the call under its operation's name.
  Answer serve(const Request& request, SigningKeys& keys);

 private:
  struct Call;
  ApiResult<void> run(Call& call, SigningKeys& keys);
  ApiResult<void> check_region(const Call& call) const;
  ApiResult<void> allow(const Call& call, std::string_view action, const std::string& resource) const;
  ApiResult<void> put_object(Call& call);
  ApiResult<void> read_object(Call& call);
  ApiResult<void> delete_object(Call& call);
  ApiResult<void> list_objects(Call& call);
  ApiResult<void> read_put(Call& call, StoredObject& object) const;
  ApiResult<void> read_encryption(Call& call, StoredObject& object) const;
  ApiResult<void> check_condition(const Call& call, bool& only_if_new) const;

  Simulator& simulator_;
};

}  // namespace kinesim

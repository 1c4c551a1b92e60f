// What the operations of S3 share. Inside s3*.cc only.
#pragma once

#include <memory>
#include <string>

#include "kinesim/s3.h"
#include "kinesim/wire.h"

namespace kinesim {

struct S3Handler::Call {
  const Request& request;
  Answer& answer;
  S3Target target;
  std::map<std::string, std::string, std::less<>> query;
  std::string operation;
  std::shared_ptr<const Principal> caller = nullptr;
  std::shared_ptr<Bucket> bucket = nullptr;
  BucketSettings settings = {};

  std::string object_arn() const { return "arn:aws:s3:::" + target.bucket + "/" + target.key; }
  std::string bucket_arn() const { return "arn:aws:s3:::" + target.bucket; }
};

inline tl::unexpected<ApiError> s3_error(unsigned status, std::string code, std::string message,
                                         std::vector<std::pair<std::string, std::string>> details = {}) {
  return tl::unexpected<ApiError>(ApiError{status, std::move(code), std::move(message), std::move(details)});
}

}  // namespace kinesim

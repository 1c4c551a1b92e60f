// The policies that AWS needs for an S3 destination, filled in, for people to paste.
#pragma once

#include <string>
#include <string_view>

namespace sluice::s3 {

struct PolicyFacts {
  std::string_view partition, bucket, prefix;
  std::string_view kms_key_arn = {};  // empty: none
  bool looks_first = false;           // the store does not know If-None-Match: a HEAD must tell that there is no object
};

// For the role (or identity) that uploads: s3:PutObject, and s3:GetObject for the HEAD that tells an object that
// arrived from one that did not, on the one prefix. With a key, kms:GenerateDataKey on it. Who looks first needs
// s3:ListBucket: without it S3 answers 403 for an object that is not there.
std::string permission_policy(const PolicyFacts& facts);
// What the assumed role is cut down to. Keys that encrypt are left to the role's own policy: a bucket's default key is
// not known.
std::string session_policy(const PolicyFacts& facts);
// arn:aws:s3:::bucket/prefix/*
std::string objects_arn(std::string_view partition, std::string_view bucket, std::string_view prefix);

}  // namespace sluice::s3

// The policies that AWS needs for an S3 destination, filled in, for people to paste.
#pragma once

#include <string>
#include <string_view>

namespace sluice::s3 {

// For the role (or identity) that uploads: s3:PutObject, and s3:GetObject for the HEAD that tells an object that
// arrived from one that did not, on the one prefix. With a key, kms:GenerateDataKey on it.
std::string permission_policy(std::string_view partition, std::string_view bucket, std::string_view prefix,
                              std::string_view kms_key_arn);
// The statement to add for a bucket whose objects are encrypted with a key of the customer's.
std::string key_statement(std::string_view kms_key_arn);
// arn:aws:s3:::bucket/prefix/*
std::string objects_arn(std::string_view partition, std::string_view bucket, std::string_view prefix);

}  // namespace sluice::s3

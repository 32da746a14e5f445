// Four bytes at any address.
#pragma once

typedef struct {
  int value;
} __attribute__((packed, may_alias)) rv_int;

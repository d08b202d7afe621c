#pragma once
struct resource {
    struct resource *parent;
};

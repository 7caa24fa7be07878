//! Who is asking, on whose behalf: shop, customer, visitor, staff and the typed ids of everything stored.

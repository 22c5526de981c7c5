//! Makes a cluster from a template and the machines of the inventory, and names machines that need repair.

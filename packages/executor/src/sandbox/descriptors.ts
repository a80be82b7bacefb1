/** Descriptor that a sandbox process writes its frames to. */
export const outputDescriptor = 3
/** Descriptor that bwrap reads the system call filter from. */
export const filterDescriptor = 4
/** Descriptor that a sandbox process reads the guest runtime from. */
export const runtimeDescriptor = 5

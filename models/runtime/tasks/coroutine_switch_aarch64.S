/* SPDX-License-Identifier: MIT
 *
 * coroutine_switch for aarch64, AAPCS64 calling convention. The switch ends in
 * `br`, not `ret`, because of the return predictor (see the x86-64 file).
 *
 * Suspended stack, from its pointer upwards: x19 to x28, x29 (frame), x30
 * (where to go on), the low halves of v8 to v15, FPCR, 8 bytes unused.
 */
#if defined(__aarch64__) && !defined(COROUTINE_UCONTEXT)
    .text
    .globl coroutine_switch
    .hidden coroutine_switch
    .type coroutine_switch, %function
    .p2align 4
coroutine_switch:
    .cfi_startproc
    sub sp, sp, #176
    .cfi_def_cfa_offset 176
    stp x19, x20, [sp]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mrs x9, fpcr
    str x9, [sp, #160]
    mov x10, sp
    str x10, [x0]
    mov sp, x1
    ldr x11, [sp, #160]
    cmp x11, x9
    b.eq 1f                     /* writing FPCR is slow, changes are rare */
    msr fpcr, x11
1:  ldp x19, x20, [sp]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #176
    .cfi_def_cfa_offset 0
    br x30
    .cfi_endproc
    .size coroutine_switch, . - coroutine_switch

/* The first switch to a fresh stack arrives here: x19 = entry, x20 = arg. */
    .globl coroutine_switch_start
    .hidden coroutine_switch_start
    .type coroutine_switch_start, %function
    .p2align 4
coroutine_switch_start:
    .cfi_startproc
    .cfi_undefined x30
    mov x0, x20
    blr x19
    brk #1
    .cfi_endproc
    .size coroutine_switch_start, . - coroutine_switch_start
#endif
    .section .note.GNU-stack, "", %progbits

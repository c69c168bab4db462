/* SPDX-License-Identifier: MIT
 *
 * coroutine_switch for x86-64, System V calling convention.
 *
 * The switch ends in an indirect jump instead of `ret`. The CPU's return
 * predictor holds the address of another stack's call and would miss every
 * time; the branch predictor learns the few places where coroutines suspend
 * (2.9 ns a switch instead of 13.9 ns where this was measured).
 *
 * Floating-point modes: storing MXCSR alone costs two thirds of a whole switch,
 * so only the x87 control word is kept, which <fenv.h> always sets together
 * with MXCSR. Where the control words of the two stacks differ, MXCSR's
 * rounding and masks are set from the x87 word; its other bits (flush to zero)
 * stay the thread's.
 *
 * Suspended stack, from its pointer upwards: the x87 control word, r15 r14 r13
 * r12 rbx rbp, the address to go on at. There is no GNU property note, so the
 * linker does not mark the program as ready for shadow stacks: a jump instead
 * of `ret` would break them.
 */
#if defined(__x86_64__) && !defined(COROUTINE_UCONTEXT)
    .text
    .globl coroutine_switch
    .hidden coroutine_switch
    .type coroutine_switch, @function
    .p2align 4
coroutine_switch:
    .cfi_startproc
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    .cfi_def_cfa_offset 64
    fnstcw (%rsp)
    movzwl (%rsp), %eax
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    cmpw (%rsp), %ax
    jne 2f
1:  addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    .cfi_def_cfa_offset 8
    popq %rcx
    .cfi_def_cfa_offset 0
    .cfi_register rip, rcx
    jmp *%rcx
    .cfi_def_cfa_offset 64
    .cfi_restore rip
2:  fldcw (%rsp)
    movzwl (%rsp), %eax
    movl %eax, %ecx
    andl $0x3f, %eax /* masks: bits 0-5 there, 7-12 here */
    shll $7, %eax
    andl $0xc00, %ecx /* rounding: bits 10-11 there, 13-14 here */
    shll $3, %ecx
    orl %ecx, %eax
    stmxcsr 4(%rsp)
    movl 4(%rsp), %ecx
    andl $0xffff807f, %ecx
    orl %ecx, %eax
    movl %eax, 4(%rsp)
    ldmxcsr 4(%rsp)
    jmp 1b
    .cfi_endproc
    .size coroutine_switch, . - coroutine_switch

/* The first switch to a fresh stack arrives here: r12 = entry, r13 = arg. */
    .globl coroutine_switch_start
    .hidden coroutine_switch_start
    .type coroutine_switch_start, @function
    .p2align 4
coroutine_switch_start:
    .cfi_startproc
    .cfi_undefined rip
    movq %r13, %rdi
    callq *%r12
    ud2
    .cfi_endproc
    .size coroutine_switch_start, . - coroutine_switch_start
#endif
    .section .note.GNU-stack, "", @progbits
